package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// saved is a plan as `plan -o` writes it.
func (w *world) saved(indent bool) *reconcile.Approved {
	w.t.Helper()
	text, err := json.Marshal(w.plan(unattended))
	if err != nil {
		w.t.Fatal(err)
	}
	if indent {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(json.RawMessage(text)); err != nil {
			w.t.Fatal(err)
		}
		text = b.Bytes()
	}
	approved, err := reconcile.ParseApproved(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return approved
}

func approved(a *reconcile.Approved) func(*reconcile.Options) {
	return func(o *reconcile.Options) { o.Approved, o.Allow = a, nil }
}

func TestASavedPlanLetsItsChangesThroughTheGuards(t *testing.T) {
	for name, indent := range map[string]bool{"as it is": false, "indented": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person("ann", "sn", `<O'Neil & "Söhne"> 李`)
			w.person("bob")
			w.xivo.Put("bob", map[string]string{"firstname": "Robert", "music_on_hold": "jazz"})
			w.limit(reconcile.GuardCreates, reconcile.Limit{})
			report := w.run(approved(w.saved(indent)))
			same(t, record.OutcomeDone, report.Outcome)
			same(t, []string{"plan"}, report.Allowed)
			same(t, record.Counts{Created: 1, Adopted: 1, Updated: 1, WrittenBack: 1}, report.Counts)
			w.quiet()
			w.person("cid")
			same(t, record.OutcomeGuarded, w.run(unattended).Outcome)
		})
	}
}

func TestNothingElseThanTheSavedPlanIsCarriedOut(t *testing.T) {
	w, ids := settledWorld(t, 4)
	w.ldap.Set(ids[0], "sn", "Approved")
	plan := w.saved(false)
	w.ldap.Set(ids[1], "sn", "Not approved")
	w.ldap.Disable(ids[2], true)
	w.person("new")
	w.person("adopted")
	w.xivo.Put("adopted", map[string]string{"firstname": "Adopted"})
	report := w.run(approved(plan))
	same(t, record.OutcomeDone, report.Outcome)
	same(t, 1, len(w.writes()))
	same(t, record.Text("Approved"), w.xivo.Get(w.user("p000"), "lastname"))
	report = w.run()
	same(t, record.Counts{Created: 1, Adopted: 1, Updated: 2, Deactivated: 1}, report.Counts)
	w.quiet()
}

func TestAnApprovedChangeWhosePreconditionChangedIsSkippedAndListed(t *testing.T) {
	w, ids := settledWorld(t, 4)
	w.ldap.Set(ids[0], "sn", "Approved")
	w.ldap.Set(ids[1], "sn", "Approved")
	plan := w.saved(false)
	w.ldap.Set(ids[0], "sn", "Edited after")
	report := w.run(approved(plan))
	same(t, record.OutcomePartial, report.Outcome)
	same(t, 1, report.Counts.Stale)
	same(t, 1, report.Counts.Updated)
	same(t, "p000", report.Failures[0].Identifier)
	same(t, record.Text("Parts"), w.xivo.Get(w.user("p000"), "lastname"))
	w.run()
	same(t, record.Text("Edited after"), w.xivo.Get(w.user("p000"), "lastname"))
}

func TestASavedPlanOfAnotherConfigurationOrStoreIsRefused(t *testing.T) {
	for name, tc := range map[string]func(w *world){
		"configuration": func(w *world) { w.settings.Fingerprint = "another" },
		"store":         func(w *world) { w.store = otherStore{reconcile.Store(storetest.NewMemory())} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person("ann")
			plan := w.saved(false)
			tc(w)
			report, err := w.engine().Run(context.Background(), options(approved(plan)))
			if !errors.Is(err, reconcile.ErrOtherPlan) || report != nil {
				t.Errorf("report %v, error %v", report, err)
			}
			w.untouched()
			for run := range w.store.Runs() {
				t.Errorf("run %d was begun", run.Number)
			}
		})
	}
}

// otherStore has another key.
type otherStore struct{ reconcile.Store }

func (s otherStore) Digest(texts ...string) record.Digest {
	return s.Store.Digest(append([]string{"another key"}, texts...)...)
}

func TestWhatIsNoPlanIsRefused(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "no JSON": "hello", "another object": `{"run":1}`} {
		t.Run(name, func(t *testing.T) {
			if _, err := reconcile.ParseApproved([]byte(text)); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestASavedPlanDoesNotMakeUpForABadReading(t *testing.T) {
	w, ids := settledWorld(t, 24)
	w.settings.Guards.Canaries = []string{"p020"}
	w.ldap.Set(ids[0], "sn", "Approved")
	plan := w.saved(false)
	for _, id := range ids[20:] {
		w.ldap.Hide(id, true)
	}
	same(t, []string{reconcile.GuardCanary}, tripped(w.run(approved(plan)).Guards))
	w.untouched()
	w.ldap.Server = "other"
	same(t, record.OutcomeGuarded, w.run(approved(plan)).Outcome)
	w.untouched()
}

func TestAFedFieldIsNotWrittenWithoutItsApprovedWriteBack(t *testing.T) {
	w := newWorld(t, extension()...)
	id := w.person("ann", "ipPhone", "1000")
	w.run()
	u := w.user("ann")
	w.xivo.Set(u, "description", "2000")
	plan := w.saved(false)
	w.ldap.Set(id, "ipPhone", "1000", "1001")
	w.xivo.Set(u, "description", "3000")
	w.run(approved(plan))
	same(t, record.Text("1000"), w.xivo.Get(u, "music_on_hold"))
}

func TestAPlanShowsWhatItWouldDoUnderStableKeys(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	text, err := json.Marshal(w.plan(unattended))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"hash", "fingerprint", "mode", "exit_if_run", "changes", "counts", "conflicts", "guards", "held", "mails"} {
		if got[key] == nil {
			t.Errorf("%q is missing or null", key)
		}
	}
	change := got["changes"].([]any)[0].(map[string]any)
	for _, key := range []string{"id", "record", "dn", "uuid", "name", "site", "unit", "side", "op", "thing", "key", "fields", "reason"} {
		if _, there := change[key]; !there {
			t.Errorf("a change has no %q", key)
		}
	}
	same(t, 3.0, got["exit_if_run"].(float64))
}
