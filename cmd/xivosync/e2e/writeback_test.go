package e2e

import (
	"sync/atomic"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// backWorld is one in step, behind a gate, in which three people were edited in
// XiVO.
func backWorld(t testing.TB) (*world, *gate) {
	t.Helper()
	w := newWorld(t, crowd(6))
	w.settle()
	g := newGate(t, w.slapd.URL)
	w.LDAP.URLs = []string{g.URL}
	for _, id := range []string{"a00", "a01", "a02"} {
		w.edit(id, map[string]any{"email": "xivo." + id + "@parts.test"})
	}
	return w, g
}

// onModify calls do at the nth modification that is sent (or answered).
func (g *gate) onModify(operation, nth int, do func(m *message)) {
	var n atomic.Int64 // the gate calls from its own goroutines
	g.Watch(func(m *message) {
		if m.Operation == operation && n.Add(1) == int64(nth) {
			do(m)
		}
	})
}

// TestWriteBackStale edits an entry between the listing and the write, and
// between the last reading and the write: what somebody else wrote stays.
func TestWriteBackStale(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(w *world, g *gate, act func()){
		"after the listing": func(w *world, g *gate, act func()) {
			// The edit is made while the first person's value is written; the second's
			// entry is read again before it is written.
			g.onModify(modifyRequest, 1, func(*message) { act() })
		},
		"directly before the write": func(w *world, g *gate, act func()) {
			g.onModify(modifyRequest, 2, func(*message) { act() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, g := backWorld(t)
			edit(w, g, func() { w.slapd.Modify(dn("a01"), "mail", "somebody@parts.test") })
			report := w.mustRun()
			g.Watch(nil)
			if report.Outcome != record.OutcomePartial || report.Counts.Stale != 1 || report.Counts.WrittenBack != 2 {
				t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
			}
			if len(report.Failures) == 1 {
				wantWords(t, report.Failures[0].Error, "mail", "no longer what the decision was made from")
			}
			w.wantEntry(dn("a00"), "mail", "xivo.a00@parts.test")
			w.wantEntry(dn("a01"), "mail", "somebody@parts.test")
			w.wantEntry(dn("a02"), "mail", "xivo.a02@parts.test")
			next := w.mustRun()
			c := find(t, next.Found, "a01", "email")
			if c.Kind != record.ConflictField || c.Raw.LDAP.First() != "somebody@parts.test" || c.Raw.XiVO.First() != "xivo.a01@parts.test" {
				t.Errorf("the conflict: %+v", c)
			}
			w.wantEntry(dn("a01"), "mail", "somebody@parts.test")
			w.quiet()
		})
	}
}

// TestWriteBackUnrelatedEdit changes another attribute of the entry directly
// before the write: nothing is lost, and the write succeeds.
func TestWriteBackUnrelatedEdit(t *testing.T) {
	t.Parallel()
	w, g := backWorld(t)
	g.onModify(modifyRequest, 2, func(*message) { w.slapd.Modify(dn("a01"), "title", "Chef") })
	report := w.mustRun()
	if report.Outcome != record.OutcomeDone || report.Counts.WrittenBack != 3 {
		t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
	}
	w.wantEntry(dn("a01"), "mail", "xivo.a01@parts.test")
	w.wantEntry(dn("a01"), "title", "Chef")
	w.quiet()
}

// TestWriteBackRefused has the server say no: its words are told, the value
// waits, and everybody else is served.
func TestWriteBackRefused(t *testing.T) {
	t.Parallel()
	t.Run("no right on one attribute of one entry", func(t *testing.T) {
		t.Parallel()
		w, _ := backWorld(t)
		w.slapd.Configure("olcAccess",
			`{0}to dn.base="uid=a01,`+ldaptest.PeopleDN+`" attrs=mail by * read`,
			`{1}to attrs=userPassword by anonymous auth by self write by * none`,
			`{2}to * by dn.exact="`+ldaptest.BindDN+`" write by users read by * none`)
		report := w.mustRun()
		if report.Outcome != record.OutcomePartial || report.Counts.Failed != 1 || report.Counts.WrittenBack != 2 {
			t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
		}
		c := find(t, report.Found, "a01", "email")
		wantWords(t, c.Message, "the directory refused", "insufficient access", "mail", "right to write")
		w.wantEntry(dn("a01"), "mail", "a01@parts.test")
		w.quietDirectory("the refused write was repeated")
		w.slapd.Configure("olcAccess",
			`{0}to attrs=userPassword by anonymous auth by self write by * none`,
			`{1}to * by dn.exact="`+ldaptest.BindDN+`" write by users read by * none`)
		w.mustRun(func(o *optionsOfRun) { o.Only = []string{"a01"} })
		w.wantEntry(dn("a01"), "mail", "xivo.a01@parts.test")
		w.quiet()
	})
	t.Run("the server is read only", func(t *testing.T) {
		t.Parallel()
		w, _ := backWorld(t)
		w.slapd.Modify(dn("a03"), "sn", "To XiVO")
		w.slapd.SetReadOnly(true)
		report := w.mustRun()
		if report.Outcome != record.OutcomePartial || report.Counts.Failed != 3 || report.Counts.Updated != 1 {
			t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
		}
		wantWords(t, find(t, report.Found, "a01", "email").Message, "restricted", "read-only")
		w.wantUser("a03", "lastname", "To XiVO")
		w.slapd.SetReadOnly(false)
		w.edit("a01", map[string]any{"email": "newer@parts.test"})
		w.mustRun()
		w.wantEntry(dn("a01"), "mail", "newer@parts.test")
		w.mustRun(func(o *optionsOfRun) { o.Only = []string{"a00"} })
		w.wantEntry(dn("a00"), "mail", "xivo.a00@parts.test")
	})
}

// quietDirectory fails when a run modifies the directory.
func (w *world) quietDirectory(message string) *reportOfRun {
	w.t.Helper()
	before := w.snapshot()
	report := w.mustRun()
	if n := report.Requests[record.LDAP].Write; n > 0 {
		w.t.Errorf("%s: %d modifications", message, n)
	}
	w.same(before)
	return report
}

// TestWriteBackAnswerLost cuts the connection around a modification.
func TestWriteBackAnswerLost(t *testing.T) {
	t.Parallel()
	for name, operation := range map[string]int{"before it is made": modifyRequest, "after it is made": modifyResponse} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, g := backWorld(t)
			g.onModify(operation, 2, func(m *message) { m.Drop = true })
			report := w.mustRun()
			if report.Outcome != record.OutcomeDone || report.Counts.WrittenBack != 3 || len(report.Found) > 0 {
				t.Errorf("outcome %s, %+v, failures %v%s", report.Outcome, report.Counts, report.Failures, told(report.Found))
			}
			for _, id := range []string{"a00", "a01", "a02"} {
				w.wantEntry(dn(id), "mail", "xivo."+id+"@parts.test")
			}
			w.quiet()
		})
	}
}

// TestDirectoryDiesWhileWriting kills slapd around a modification: the run ends,
// and the next one knows what became of it.
func TestDirectoryDiesWhileWriting(t *testing.T) {
	t.Parallel()
	for name, operation := range map[string]int{"before it is made": modifyRequest, "after it is made": modifyResponse} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, g := backWorld(t)
			g.onModify(operation, 2, func(m *message) {
				w.slapd.Kill()
				m.Drop = true
			})
			report, err := w.run()
			g.Watch(nil)
			if err == nil || report.Outcome != record.OutcomeFailed {
				t.Errorf("%v, outcome %s, failures %v%s", err, report.Outcome, report.Failures, told(report.Found))
			} else {
				wantWords(t, err.Error(), "ldap", "connect")
			}
			w.slapd.Start()
			again := w.mustRun()
			if again.Recovered.Unknown > 0 || len(again.Found) > 0 || len(again.Failures) > 0 {
				t.Errorf("recovered %+v, failures %v%s", again.Recovered, again.Failures, told(again.Found))
			}
			for _, id := range []string{"a00", "a01", "a02"} {
				w.wantEntry(dn(id), "mail", "xivo."+id+"@parts.test")
			}
			w.quiet()
		})
	}
}

// TestValueRefusedByTheSchema is one that the attribute's syntax does not allow.
func TestValueRefusedByTheSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3))
	w.Specs = append(w.Specs, field("description", "employeeNumber", reconcile.Both), field("language", "preferredLanguage", reconcile.Both))
	w.settle()
	w.edit("a00", map[string]any{"email": "zo\u00e9@parts.test"}) // IA5 only
	w.edit("a01", map[string]any{"description": "7"})
	report := w.mustRun()
	c := find(t, report.Found, "a00", "email")
	wantWords(t, c.Message, "the directory refused", "mail", "syntax")
	w.wantEntry(dn("a01"), "employeeNumber", "7")
	w.wantEntry(dn("a00"), "mail", "a00@parts.test")
	w.quietDirectory("the refused write was repeated")
}
