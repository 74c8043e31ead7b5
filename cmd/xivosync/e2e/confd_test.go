package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// confdWorld is one in step, in which a00 was edited in the directory, n00 is
// new there, and a02 was edited in XiVO.
func confdWorld(t testing.TB, change ...func(*options)) *world {
	t.Helper()
	w := newWorld(t, crowd(12), change...)
	w.settle()
	w.unsettle()
	return w
}

func (w *world) unsettle() {
	w.t.Helper()
	w.slapd.Modify(dn("a00"), "sn", "Changed")
	w.slapd.Modify(dn("a01"), "sn", "Changed-too")
	w.slapd.Add(person("n00"))
	w.slapd.Add(person("n01"))
	w.edit("a02", map[string]any{"email": "changed@parts.test"})
	w.sim.ResetLog()
}

// arrived fails unless everything of confdWorld is where it belongs, once.
func (w *world) arrived() {
	w.t.Helper()
	w.sim.ClearFaults()
	w.wantUser("a00", "lastname", "Changed")
	w.wantUser("a01", "lastname", "Changed-too")
	w.wantUser("n00", "firstname", "Given-n00", "lastname", "n00", "email", "n00@parts.test", "outgoing_caller_id", "default")
	w.wantUser("n01", "firstname", "Given-n01", "lastname", "n01", "email", "n01@parts.test", "outgoing_caller_id", "default")
	w.wantEntry(dn("a02"), "mail", "changed@parts.test")
	if n := len(w.list()); n != 14 {
		w.t.Errorf("XiVO has %d users, want 14", n)
	}
	for id, u := range w.users() {
		if u["enabled"] != true {
			w.t.Errorf("%s was deactivated", id)
		}
	}
	w.quiet()
}

const users = "/1.1/users"

// exportOfNobody is what a XiVO without users answers.
const exportOfNobody = `{"headers":["uuid","entity_id","firstname","lastname","email","mobile_phone_number","outgoing_caller_id","enabled","userfield"],"content":[]}`

// TestWriteFails answers one writing request in every bad way. The run tells of
// it or knows better, everybody else is served by the same run, and at the
// latest the next run but one has everything where it belongs.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	post := xivosim.Fault{Method: http.MethodPost, Path: users, Nth: 1}
	put := xivosim.Fault{Method: http.MethodPut, Path: users + "/*", Nth: 1}
	with := func(f xivosim.Fault, e xivosim.Effect, status int) xivosim.Fault {
		f.Effect, f.Status = e, status
		return f
	}
	for name, tc := range map[string]struct {
		fault xivosim.Fault
		// held tells that the write is not repeated by itself: it was refused, and
		// nothing about it has changed.
		held  bool
		words string
	}{
		"POST, 500 after commit": {fault: with(post, xivosim.FailAfter, 0)},
		"PUT, 500 after commit":  {fault: with(put, xivosim.FailAfter, 0)},
		"POST, 503 after commit": {fault: with(post, xivosim.FailAfter, 503)},
		"PUT, 504 after commit":  {fault: with(put, xivosim.FailAfter, 504)},
		"POST, 500 before":       {fault: with(post, xivosim.AnswerInstead, 0), held: true, words: "sysconfd"},
		"PUT, 500 before":        {fault: with(put, xivosim.AnswerInstead, 0), held: true, words: "sysconfd"},

		"PUT, connection lost before":    {fault: with(put, xivosim.DropBefore, 0)},
		"POST, connection lost after":    {fault: with(post, xivosim.DropAfter, 0)},
		"PUT, connection lost after":     {fault: with(put, xivosim.DropAfter, 0)},
		"POST, tokens revoked meanwhile": {fault: with(post, xivosim.RevokeTokens, 0)},
		"PUT, tokens revoked meanwhile":  {fault: with(put, xivosim.RevokeTokens, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := confdWorld(t)
			w.sim.Inject(tc.fault)
			report := w.mustRun()
			w.sim.ClearFaults()
			if tc.words == "" {
				if report.Outcome != record.OutcomeDone || len(report.Failures) > 0 {
					t.Errorf("outcome %s, failures %v", report.Outcome, report.Failures)
				}
				w.arrived()
				return
			}
			if report.Outcome != record.OutcomePartial || len(report.Failures) != 1 || report.Counts.Failed != 1 {
				t.Fatalf("outcome %s, counts %+v, failures %v", report.Outcome, report.Counts, report.Failures)
			}
			wantWords(t, report.Failures[0].Error, tc.words)
			if c := report.Counts; c.Created+c.Updated != 3 || c.WrittenBack != 1 {
				t.Errorf("the others were not served: %+v", c)
			}
			if tc.held {
				w.quietly("the refused write was repeated")
				w.mustRun(func(o *optionsOfRun) { o.Only = []string{report.Failures[0].Identifier} })
			}
			w.arrived()
		})
	}
}

// quietly fails when a run writes.
func (w *world) quietly(message string) *reportOfRun {
	w.t.Helper()
	w.sim.ResetLog()
	report := w.mustRun()
	if sent := w.writes(); len(sent) > 0 {
		w.t.Errorf("%s: %v", message, sent)
	}
	return report
}

// TestReadFails answers one reading request of the survey in every bad way.
func TestReadFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault xivosim.Fault
		fails bool
		words []string
	}{
		"a 500 that passes":             {fault: xivosim.Fault{Path: users + "/export", Nth: 1}},
		"a lost connection that passes": {fault: xivosim.Fault{Path: users, Nth: 1, Effect: xivosim.DropBefore}},
		"a 500 that stays":              {fault: xivosim.Fault{Path: users + "/export"}, fails: true, words: []string{"xivo", "sysconfd"}},
		"connections lost for good":     {fault: xivosim.Fault{Path: users, Effect: xivosim.DropBefore}, fails: true, words: []string{"xivo", "GET /users"}},
		"an export cut off":             {fault: xivosim.Fault{Path: users + "/export", Effect: xivosim.AnswerInstead, Status: 200, Body: `{"content":[{"uuid":"`}, fails: true, words: []string{"xivo", "export"}},
		"an export of nobody":           {fault: xivosim.Fault{Path: users + "/export", Effect: xivosim.AnswerInstead, Status: 200, Body: exportOfNobody}},
		"a view of nobody":              {fault: xivosim.Fault{Method: http.MethodGet, Path: users, Nth: 1, Effect: xivosim.AnswerInstead, Status: 200, Body: `{"items":[],"total":0}`}},
		"a page of the web server":      {fault: xivosim.Fault{Path: users + "/export", Effect: xivosim.AnswerInstead, Status: 200, Body: `<html>welcome</html>`}, fails: true, words: []string{"xivo", "export"}},
		"no export":                     {fault: xivosim.Fault{Path: users + "/export", Effect: xivosim.AnswerInstead, Status: 404, Body: `<html>`}},
		"everything refused":            {fault: xivosim.Fault{Effect: xivosim.AnswerInstead, Status: 401, Body: `["no"]`}, fails: true, words: []string{"xivo", "wrong credentials", "ACL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := confdWorld(t)
			before := w.snapshot()
			w.sim.Inject(tc.fault)
			report, err := w.run()
			sent := w.writes()
			w.sim.ClearFaults()
			if !tc.fails {
				if err != nil || report.Outcome != record.OutcomeDone || len(report.Found) > 0 {
					t.Fatalf("%v, %+v, conflicts%s", err, report, told(report.Found))
				}
				w.arrived()
				return
			}
			if err == nil {
				t.Fatalf("the run came to its end: %s %+v", report.Outcome, report.Counts)
			}
			if report.Outcome != record.OutcomeFailed {
				t.Errorf("outcome %s", report.Outcome)
			}
			wantWords(t, err.Error(), tc.words...)
			if len(sent) > 0 {
				t.Errorf("sent %v", sent)
			}
			w.same(before)
			w.mustRun()
			w.arrived()
		})
	}
}

// TestTokenExpires in the middle of a run, as one that takes longer than a
// token lives.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := confdWorld(t, func(o *options) {
		o.sim.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	seen := map[string]bool{}
	w.sim.OnRequest(func(r *http.Request) {
		if key := r.Method + r.URL.Path; r.Method != http.MethodGet && !seen[key] {
			ahead.Add(int64(3 * time.Hour))
			seen[key] = true
		}
	}, nil)
	report := w.mustRun()
	w.sim.OnRequest(nil, nil)
	if report.Outcome != record.OutcomeDone || len(seen) < 3 {
		t.Errorf("outcome %s after %d expired tokens, failures %v", report.Outcome, len(seen), report.Failures)
	}
	w.arrived()
}

// TestRightsLost takes the right to write away: nothing can be written, and the
// message says so.
func TestRightsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3), func(o *options) {
		o.sim.ACLs = []string{"confd.users.read", "confd.users.*.read", "confd.users.export.read", "confd.infos.read"}
	})
	report, err := w.run()
	if err == nil && len(report.Failures) == 0 {
		t.Fatalf("outcome %s without a failure", report.Outcome)
	}
	if err != nil {
		wantWords(t, err.Error(), "POST /users", "wrong credentials", "confd.users.create")
	}
	if n := len(w.list()); n != 0 {
		t.Errorf("XiVO has %d users", n)
	}
}

// TestServersDown is confd or xivo-auth that cannot be reached at the start.
func TestServersDown(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(w *world){
		"confd":     func(w *world) { w.XiVO.URL = "http://127.0.0.1:1" },
		"xivo-auth": func(w *world) { w.XiVO.AuthURL = "http://127.0.0.1:1" },
		"password":  func(w *world) { w.XiVO.Password = "wrong" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := confdWorld(t)
			healthy := w.XiVO
			down(w)
			words := map[string][]string{
				"confd": {"xivo", "connection refused"}, "xivo-auth": {"xivo", "/token", "connection refused"},
				"password": {"xivo", "does not accept the password", "xivosync"},
			}[name]
			w.failing(words...)
			w.XiVO = healthy
			w.mustRun()
			w.arrived()
		})
	}
}

// TestConfdDies in the middle of the writes: the run ends with an error, and the
// next one completes what was begun, with nobody created twice.
func TestConfdDies(t *testing.T) {
	t.Parallel()
	for name, committed := range map[string]bool{"before the commit": false, "after the commit": true} {
		for _, nth := range []int{1, 2, 3, 4} {
			t.Run(name+" of write "+string(rune('0'+nth)), func(t *testing.T) {
				t.Parallel()
				w := confdWorld(t)
				var writes atomic.Int64
				var dead atomic.Bool
				w.sim.OnRequest(func(r *http.Request) {
					if dead.Load() {
						panic(http.ErrAbortHandler)
					}
					if r.Method != http.MethodGet && writes.Add(1) == int64(nth) {
						dead.Store(true)
						if !committed {
							panic(http.ErrAbortHandler)
						}
						w.sim.Inject(xivosim.Fault{Effect: xivosim.DropAfter})
					}
				}, nil)
				report, err := w.run()
				w.sim.OnRequest(nil, nil)
				w.sim.ClearFaults()
				if err == nil || report.Outcome != record.OutcomeFailed {
					t.Fatalf("%v, outcome %s", err, report.Outcome)
				}
				wantWords(t, err.Error(), "xivo", "the outcome is not known")
				again := w.mustRun()
				want := record.Recovered{Undone: 1}
				if committed {
					want = record.Recovered{Done: 1}
				}
				if again.Recovered != want || len(again.Failures) > 0 {
					t.Errorf("recovered %+v, want %+v; failures %v%s", again.Recovered, want, again.Failures, told(again.Found))
				}
				w.arrived()
			})
		}
	}
}

// TestConfdSilent is one that takes the request and never answers.
func TestConfdSilent(t *testing.T) {
	t.Parallel()
	w := confdWorld(t)
	patient := w.XiVO.Timeout
	w.XiVO.Timeout = 200 * time.Millisecond
	w.sim.Inject(xivosim.Fault{Path: users + "/export", Effect: xivosim.Delay, Wait: time.Minute})
	report, err := w.run()
	if err == nil || report.Outcome != record.OutcomeFailed {
		t.Errorf("%v, outcome %s", err, report.Outcome)
	}
	w.sim.ClearFaults()
	w.XiVO.Timeout = patient
	w.mustRun()
	w.arrived()
}

// TestPutIgnored is a confd that answers 204 and does nothing, as the real one
// does for unknown keys: the value counts as not stored.
func TestPutIgnored(t *testing.T) {
	t.Parallel()
	w := confdWorld(t)
	a00 := w.user("a00")["uuid"].(string)
	w.sim.Inject(xivosim.Fault{Method: http.MethodPut, Path: users + "/" + a00, Effect: xivosim.Ignore})
	report := w.mustRun()
	if report.Outcome != record.OutcomePartial {
		t.Errorf("outcome %s", report.Outcome)
	}
	c := find(t, report.Found, "a00", "lastname")
	wantWords(t, c.Message, "not stored", "lastname", `"a00"`)
	if c.Kind != record.Rejected {
		t.Errorf("kind %s", c.Kind)
	}
	w.wantUser("a01", "lastname", "Changed-too")
	again := w.quietly("the value that was not stored was sent again")
	find(t, again.Found, "a00", "lastname")
	w.slapd.Modify(dn("a00"), "sn", "Other")
	w.sim.ClearFaults()
	w.mustRun()
	w.slapd.Modify(dn("a00"), "sn", "Changed")
	if last := w.mustRun(); len(last.Found) > 0 {
		t.Errorf("the conflict stays: %s", told(last.Found))
	}
	w.arrived()
}

// TestRefused is a 400 with XiVO's own words.
func TestRefused(t *testing.T) {
	t.Parallel()
	const words = "Input Error - lastname: this XiVO does not like it"
	for name, tc := range map[string]struct {
		id    string
		fault xivosim.Fault
	}{
		"POST": {"n00", xivosim.Fault{Method: http.MethodPost, Path: users, Nth: 1}},
		"PUT":  {"a00", xivosim.Fault{Method: http.MethodPut, Path: users + "/*", Nth: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := confdWorld(t)
			tc.fault.Status, tc.fault.Body = http.StatusBadRequest, `["`+words+`"]`
			w.sim.Inject(tc.fault)
			report := w.mustRun()
			if len(report.Failures) != 1 || report.Failures[0].Identifier != tc.id {
				t.Fatalf("failures %v", report.Failures)
			}
			wantWords(t, report.Failures[0].Error, words)
			wantWords(t, find(t, report.Found, tc.id, "").Message, words)
			if c := report.Counts; c.Created+c.Updated != 3 || c.WrittenBack != 1 || c.Failed != 1 {
				t.Errorf("counts %+v", c)
			}
			again := w.quietly("a refused write was repeated")
			wantWords(t, find(t, again.Found, tc.id, "").Message, words)
			w.slapd.Modify(dn(tc.id), "givenName", "Another")
			last := w.mustRun()
			if len(last.Found) > 0 || len(last.Failures) > 0 {
				t.Errorf("after the value changed: %v%s", last.Failures, told(last.Found))
			}
			w.wantUser(tc.id, "firstname", "Another")
			w.slapd.Modify(dn(tc.id), "givenName", "Given-"+tc.id)
			w.mustRun()
			w.arrived()
		})
	}
}

// TestPersonMissingInOneView is XiVO being edited while it is surveyed: a
// person shows in one answer and not in another.
func TestPersonMissingInOneView(t *testing.T) {
	t.Parallel()
	for _, nth := range []int{1, 2} {
		w := confdWorld(t)
		before := w.list()
		// The answer of a view as it would have been without one of the people.
		gone := before[5]["uuid"].(string)
		rows := w.viewWithout(nth, gone)
		w.sim.Inject(xivosim.Fault{Method: http.MethodGet, Path: users, Nth: nth, Effect: xivosim.AnswerInstead, Status: 200, Body: rows})
		report := w.mustRun()
		if report.Counts.Deactivated > 0 || report.Counts.Created != 2 || len(report.Found) > 0 {
			t.Errorf("view %d: %+v%s", nth, report.Counts, told(report.Found))
		}
		w.arrived()
	}
}

func (w *world) viewWithout(nth int, uuid string) string {
	w.t.Helper()
	var queries []string
	w.sim.ResetLog()
	w.plan()
	for _, r := range w.sim.Log() {
		if r.Method == http.MethodGet && strings.HasPrefix(r.Path, users+"?") {
			queries = append(queries, r.Path)
		}
	}
	if len(queries) < nth {
		w.t.Fatalf("the survey asked only %v", queries)
	}
	var page struct {
		Items []map[string]any `json:"items"`
		Total int              `json:"total"`
	}
	w.rest(http.MethodGet, queries[nth-1], nil, &page)
	kept := page.Items[:0]
	for _, item := range page.Items {
		if item["uuid"] != uuid {
			kept = append(kept, item)
		}
	}
	if len(kept) != page.Total-1 {
		w.t.Fatalf("%s shows %d of %d", queries[nth-1], len(kept), page.Total)
	}
	return string(encode(w.t, map[string]any{"items": kept, "total": len(kept)}))
}

// TestAnotherXiVO stands behind the same address: nothing is done to it.
func TestAnotherXiVO(t *testing.T) {
	t.Parallel()
	w := confdWorld(t)
	other := newWorld(t, []ldaptest.Person{person("a00")})
	was := other.snapshot()
	healthy := w.XiVO
	w.XiVO.URL, w.XiVO.AuthURL = other.srv.URL, other.srv.AuthURL
	before := w.snapshot()
	report := w.mustRun()
	if report.Outcome != record.OutcomeGuarded {
		t.Errorf("outcome %s", report.Outcome)
	}
	guard := report.Guards[0]
	if guard.Name != "identity" || !guard.Tripped {
		t.Errorf("guards %+v", report.Guards)
	}
	wantWords(t, guard.Message, "another XiVO")
	w.same(before)
	other.same(was)
	w.XiVO = healthy
	w.mustRun()
	w.arrived()
}
