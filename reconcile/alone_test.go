package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// TestOnePersonIsExplainedAsIfEverybodyHadBeenRead asks in two ways: by identifier,
// for which one person may be read alone, and by DN, for which everybody is.
func TestOnePersonIsExplainedAsIfEverybodyHadBeenRead(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(w *world, entry, user string)
		// everybody tells that the answer depends on others.
		everybody bool
		dn        string
	}{
		"in step":                   {change: func(*world, string, string) {}},
		"changed":                   {change: func(w *world, entry, _ string) { w.ldap.Set(entry, "sn", "Other") }},
		"drifted":                   {change: func(w *world, _, user string) { w.xivo.Set(user, "lastname", "Other") }},
		"drift that no survey sees": {change: func(w *world, _, user string) { w.xivo.Set(user, "music_on_hold", "jazz") }},
		"emptied in XiVO":           {change: func(w *world, _, user string) { w.xivo.Set(user, "email") }},
		"conflict": {change: func(w *world, entry, user string) {
			w.ldap.Set(entry, "mail")
			w.xivo.Set(user, "email", "c@parts.test")
		}},
		"disabled":    {change: func(w *world, entry, _ string) { w.ldap.Disable(entry, true) }},
		"deactivated": {change: func(w *world, entry, _ string) { w.ldap.Disable(entry, true); w.run() }},
		"gone":        {change: func(w *world, entry, _ string) { w.ldap.Remove(entry) }},
		"gone for long": {change: func(w *world, entry, _ string) {
			w.ldap.Remove(entry)
			w.run()
			w.clock = w.clock.Add(48 * time.Hour)
			w.run()
			w.run()
		}},
		"out of scope":                          {change: func(w *world, entry, _ string) { w.ldap.Hide(entry, true) }},
		"held":                                  {change: func(w *world, entry, _ string) { w.holdByHand("p001", "lastname"); w.ldap.Set(entry, "sn", "Other") }},
		"held as a whole":                       {change: func(w *world, entry, _ string) { w.holdByHand("p001", ""); w.ldap.Set(entry, "sn", "Other") }},
		"identifier changed there":              {change: func(w *world, _, user string) { w.xivo.Set(user, "userfield", "other") }},
		"renamed":                               {change: func(w *world, entry, _ string) { w.ldap.Set(entry, "uid", "other") }, dn: "uid=other,ou=people"},
		"renamed, and another is called so now": {change: func(w *world, entry, _ string) { w.ldap.Set(entry, "uid", "other"); w.person("p001") }, everybody: true, dn: "-"},
		"asks for an e-mail":                    {change: func(w *world, entry, _ string) { w.ldap.Set(entry, "mail", "p002@parts.test") }, everybody: true},
		"another entry is called so":            {change: func(w *world, _, _ string) { w.person("p001") }, everybody: true, dn: "-"},
		"another user is called so":             {change: func(w *world, _, _ string) { w.xivo.Put("p001", map[string]string{}) }, everybody: true},
		"user gone":                             {change: func(w *world, _, user string) { w.xivo.Remove(user) }, everybody: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 4)
			entry, user := ids[1], w.user("p001")
			tc.change(w, entry, user)
			if tc.dn == "" {
				tc.dn = "uid=p001,ou=people"
			}
			if tc.dn != "-" {
				same(t, w.why(tc.dn), w.why("p001"))
				if tc.dn == "uid=p001,ou=people" {
					same(t, w.why(tc.dn), w.why(entry))
				}
			}
			w.ldap.Down, w.xivo.Down = errors.New("nobody may be listed"), errors.New("nobody may be listed")
			_, err := w.engine().Why(context.Background(), "P001")
			same(t, tc.everybody, err != nil)
			if _, err := w.engine().Why(context.Background(), "uid=p001,ou=people"); err == nil {
				t.Error("explained by DN without a listing")
			}
		})
	}
}

// why is what is said of somebody, as JSON.
func (w *world) why(id string) string {
	w.t.Helper()
	found, err := w.engine().Why(context.Background(), id)
	if err != nil {
		w.t.Fatalf("why %s: %v", id, err)
	}
	text, err := json.MarshalIndent(found, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestAUserWhomSomebodyElseIsToGetIsNotExplainedAlone: what was decided about
// another entry takes the user away.
func TestAUserWhomSomebodyElseIsToGetIsNotExplainedAlone(t *testing.T) {
	w, ids := settledWorld(t, 4)
	w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
	user := w.user("p001")
	w.ldap.Hide(ids[1], true)
	w.run()
	w.person("p001")
	w.run()
	w.decide("", record.DecideRelink)
	w.ldap.Down = errors.New("nobody may be listed")
	if _, err := w.engine().Why(context.Background(), user); err == nil || errors.Is(err, reconcile.ErrNobody) {
		t.Errorf("explained alone: %v", err)
	}
}
