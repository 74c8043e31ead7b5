package xivo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// scene is a change of a thing with what has to be there before it.
type scene struct {
	// set makes the user and what he needs, and returns the change.
	set func(h *house, t testing.TB) record.Change
}

var scenes = map[string]scene{
	"extension create": {set: func(h *house, t testing.TB) record.Change {
		return newExtension(h.create(t, "firstname", "Ann").ID, "1000@default", "123456")
	}},
	"extension update": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Extension, record.Update, h.equipped(t, "Ann", "1001").ID, "extension", "1001@default", "1002@default", "sip_username", "u110010", "other")
	}},
	"extension deactivate": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Extension, record.Deactivate, h.equipped(t, "Ann", "1001").ID, "extension", "1001@default", "1001@default", "sip_secret", sipSecret, "changed-secret")
	}},
	"extension delete": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Extension, record.Delete, h.equipped(t, "Ann", "1001").ID, "extension", "1001@default", "", "sip_username", "u110010", "", "provisioning_code", "110010", "")
	}},
	"voicemail create": {set: func(h *house, t testing.TB) record.Change {
		return newVoicemail(h.create(t, "firstname", "Ann").ID, "1000@default")
	}},
	"voicemail update": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Voicemail, record.Update, h.equipped(t, "Ann", "1001").ID, "voicemail", "1001@default", "99@default", "voicemail_email", "a@x.test", "b@x.test")
	}},
	"voicemail details": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Voicemail, record.Update, h.equipped(t, "Ann", "1001").ID, "voicemail_email", "a@x.test", "", "voicemail_attach_audio", "", "true",
			"voicemail_max_messages", "", "12", "voicemail_ask_password", "true", "false")
	}},
	"did to mailbox": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.DID, record.Update, h.equipped(t, "Ann", "1001").ID, "did", "4001@from-extern", "4001@from-extern", "did_destination", "user", "voicemail",
			"did_caller_id_mode", "", "prepend", "did_caller_id_name", "", "Ext", "did_subroutine", "", "sub")
	}},
	"did moved with its routing": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.DID, record.Update, h.equipped(t, "Ann", "1001").ID, "did", "4001@from-extern", "4002@from-extern", "did_ring_time", "", "20")
	}},
	"sip username": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Extension, record.Update, h.equipped(t, "Ann", "1001").ID, "sip_username", "u110010", "other")
	}},
	"cti with a login": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.CTI, record.Update, h.create(t, "firstname", "Ann").ID, "cti", "", "Client", "cti_username", "", "ann@x.test", "cti_password", "", "f0e1d2c3")
	}},
	"voicemail deactivate": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Voicemail, record.Deactivate, h.equipped(t, "Ann", "1001").ID, "voicemail", "1001@default", "1001@default")
	}},
	"voicemail delete": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Voicemail, record.Delete, h.equipped(t, "Ann", "1001").ID, "voicemail", "1001@default", "")
	}},
	"did create": {set: func(h *house, t testing.TB) record.Change {
		return newDID(h.create(t, "firstname", "Ann").ID, "4000@from-extern", "xivosync 1/1")
	}},
	"did create to mailbox": {set: func(h *house, t testing.TB) record.Change {
		ch := thing(record.DID, record.Create, h.equipped(t, "Ann", "1001").ID, "did", "", "4000@from-extern", "incall_description", "", "xivosync 1/1",
			"did_destination", "", "voicemail", "did_caller_id_mode", "", "prepend", "did_caller_id_name", "", "Ext", "did_subroutine", "", "sub")
		return ch
	}},
	"did update": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.DID, record.Update, h.equipped(t, "Ann", "1001").ID, "did", "4001@from-extern", "4002@from-extern")
	}},
	"did deactivate": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.DID, record.Deactivate, h.equipped(t, "Ann", "1001").ID, "did", "4001@from-extern", "4001@from-extern")
	}},
	"did delete": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.DID, record.Delete, h.equipped(t, "Ann", "1001").ID, "did", "4001@from-extern", "")
	}},
	"cti update": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.CTI, record.Update, h.equipped(t, "Ann", "1001").ID, "cti", "", "Client")
	}},
	"entity update": {set: func(h *house, t testing.TB) record.Change {
		u := h.create(t, "firstname", "Ann")
		h.post(t, "/entities", map[string]any{"name": "branch"})
		return thing(record.Entity, record.Update, u.ID, "entity", "xivotest", "branch")
	}},
	"agent create": {set: func(h *house, t testing.TB) record.Change {
		first, second := h.sim.AddQueue("first"), h.sim.AddQueue("second")
		ch := thing(record.Agent, record.Create, h.create(t, "firstname", "Ann").ID, "agent", "", "8001", "agent_firstname", "", "Ag", "agent_lastname", "", "Ent", "agent_language", "", "fr_FR")
		ch.Fields["queues"] = record.Delta{After: record.Value{fmt.Sprintf("%d:1", first), fmt.Sprintf("%d:0", second)}}
		return ch
	}},
	"agent update": {set: func(h *house, t testing.TB) record.Change {
		u := h.agent(t)
		ch := thing(record.Agent, record.Update, u.ID, "agent_firstname", "Ag", "Agnes", "agent_language", "", "fr_FR")
		ch.Fields["queues"] = record.Delta{Before: record.Value{"1:1", "2:0"}, After: record.Value{"1:4", "3:2"}}
		return ch
	}},
	"agent delete": {set: func(h *house, t testing.TB) record.Change {
		return thing(record.Agent, record.Delete, h.agent(t).ID, "agent", "8001", "", "agent_remove", "", "true")
	}},
}

// agent makes a user with agent 8001 in the first two of three queues.
func (h *house) agent(t testing.TB) record.Record {
	t.Helper()
	for _, name := range []string{"one", "two", "three"} {
		h.sim.AddQueue(name)
	}
	ch := thing(record.Agent, record.Create, h.create(t, "firstname", "Ann").ID, "agent", "", "8001", "agent_firstname", "", "Ag")
	ch.Fields["queues"] = record.Delta{After: record.Value{"1:1", "2:0"}}
	return h.must(t, ch)
}

// post makes an object that no change makes.
func (h *house) post(t testing.TB, path string, object map[string]any) {
	t.Helper()
	if _, err := h.deliver(context.Background(), post(path, object)); err != nil {
		t.Fatal(err)
	}
}

// writes lists the writes that a change sends, as method and a pattern of the
// path that holds in another house too.
func (s scene) writes(t testing.TB) (list [][2]string) {
	h := switchboard(t, xivosim.Version1616)
	ch := s.set(h, t)
	h.sim.ResetLog()
	h.must(t, ch)
	for _, r := range h.sim.Log() {
		path, query, _ := strings.Cut(r.Path, "?")
		if r.Method != http.MethodGet || strings.Contains(query, "act=delete") {
			list = append(list, [2]string{r.Method, strings.ReplaceAll(path, ch.Key, "*")})
		}
	}
	return list
}

// trouble is what happens to one request.
var trouble = map[string]xivosim.Fault{
	"refused":        {Status: http.StatusBadRequest, Body: `["Resource Error - Something is associated with a Thing ('id': 7)"]`},
	"500 before":     {},
	"500 after":      {Effect: xivosim.FailAfter},
	"dropped before": {Effect: xivosim.DropBefore},
	"dropped after":  {Effect: xivosim.DropAfter},
	"gone":           {Status: http.StatusNotFound, Body: `["Resource Not Found - Thing was not found ('id': 7)"]`},
	"gateway":        {Effect: xivosim.FailAfter, Status: http.StatusGatewayTimeout, Body: "<html>"},
	"gateway before": {Status: http.StatusGatewayTimeout, Body: "<html>"},
}

// For every request of every sequence: whatever becomes of it, afterwards the
// change is made in full or not at all, or the intent is open and Resume ends
// it; made again, it is made once.
func TestNothingIsHalfMade(t *testing.T) {
	for name, s := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			writes, want := s.writes(t), s.after(t)
			for i, w := range writes {
				nth := 1
				for _, before := range writes[:i] {
					if before == w {
						nth++
					}
				}
				for what, fault := range trouble {
					t.Run(fmt.Sprintf("%d %s %s %s", i+1, w[0], w[1], what), func(t *testing.T) {
						fault.Method, fault.Path, fault.Nth = w[0], w[1], nth
						strike(t, s, fault, want)
					})
				}
			}
		})
	}
}

// strike has the fault strike a change, and wants it to end well.
func strike(t *testing.T, s scene, fault xivosim.Fault, want []string) {
	h := switchboard(t, xivosim.Version1616)
	ch := s.set(h, t)
	before := h.content(t).facts()
	if fault.Method == http.MethodGet { // of the web interface's, the one that deletes
		fault.Nth = 0
		h.strikeDelete(fault)
	} else {
		h.sim.Inject(fault)
	}
	r, err := h.Apply(context.Background(), ch)
	h.sim.ClearFaults()
	h.sim.OnRequest(nil, nil)
	now := h.content(t).facts()
	switch {
	case err == nil:
		if r.ID != ch.Key {
			t.Errorf("record %+v", r)
		}
	case record.ClassOf(err) == record.Refused:
		if diff := cmp.Diff(before, now); diff != "" {
			t.Errorf("refused (%v), and this is left (-before +now):\n%s", err, diff)
		}
		h.must(t, ch)
	case record.ClassOf(err) == record.Down:
		step, _, resumeErr := h.Resume(context.Background(), ch)
		if resumeErr != nil {
			t.Fatalf("%v; resume: %s, %v", err, step, resumeErr)
		}
		if step == record.Undone {
			if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
				t.Errorf("undone after %v (-before +now):\n%s", err, diff)
			}
			h.must(t, ch)
		} else if step != record.Done {
			t.Errorf("%v; resume: %q", err, step)
		}
	default:
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, h.content(t).facts()); diff != "" {
		t.Errorf("at the end, after %v (-want +got):\n%s", err, diff)
	}
	for _, secret := range []string{sipSecret, pin, "changed-secret"} {
		if strings.Contains(h.log.String(), secret) || err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

// strikeDelete is for the one write that is a GET: it strikes only that.
func (h *house) strikeDelete(fault xivosim.Fault) {
	h.sim.OnRequest(func(r *http.Request) {
		h.sim.ClearFaults()
		if r.URL.Query().Get("act") == "delete" && !h.struck {
			h.struck = true
			h.sim.Inject(fault)
		}
	}, nil)
}

// after is what a change leads to that meets no trouble.
func (s scene) after(t testing.TB) []string {
	h := switchboard(t, xivosim.Version1616)
	h.must(t, s.set(h, t))
	return h.content(t).facts()
}

// Killed between any two requests, or in the middle of one, a change is found
// again by its keys and ended; a second Resume finds nothing to do.
func TestResumeAfterACrash(t *testing.T) {
	for name, s := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := len(s.writes(t))
			want := s.after(t)
			for stop := range count + 1 {
				h := switchboard(t, xivosim.Version1616)
				ch := s.set(h, t)
				before := h.content(t).facts()
				h.dieAfter(stop, ch)
				step, _, err := h.Resume(context.Background(), ch)
				if err != nil || step != record.Done && step != record.Undone {
					t.Fatalf("killed after %d writes: %q, %v", stop, step, err)
				}
				now := h.content(t).facts()
				end := map[record.Step][]string{record.Done: want, record.Undone: before}[step]
				if diff := cmp.Diff(end, now); diff != "" {
					t.Errorf("killed after %d writes, %s (-want +got):\n%s", stop, step, diff)
				}
				if stop == count && step != record.Done {
					t.Errorf("all %d writes were made, and it is %s", count, step)
				}
			}
		})
	}
}

// dieAfter carries out a change whose process ends after so many writes: the
// caller's time is over the moment the last of them is answered.
func (h *house) dieAfter(writes int, ch record.Change) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	h.sim.OnRequest(nil, func(r *http.Request, _ int) {
		if r.Method != http.MethodGet || r.URL.Query().Get("act") == "delete" {
			n++
		}
		if n >= writes {
			cancel()
		}
	})
	if writes == 0 {
		cancel()
	}
	_, _ = h.Apply(ctx, ch)
	h.sim.OnRequest(nil, nil)
}
