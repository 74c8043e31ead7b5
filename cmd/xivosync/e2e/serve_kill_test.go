package e2e

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
	"xivosync/reconcile/record"
	"xivosync/store"

	"github.com/google/go-cmp/cmp"
)

// allowing is a command line with every guard let through that so full a day may
// trip.
func allowing(args ...string) []string {
	for _, guard := range everyGuard {
		args = append(args, "--allow", guard)
	}
	return args
}

// served tells the story for the program that people use: by its configuration,
// and so that the day is today.
func served(t testing.TB) func(*world) {
	return func(w *world) {
		w.Text, w.Program = officeText, mortal(t)
		w.Clock = time.Now().UTC().Add(-31*24*time.Hour - 12*time.Hour).Truncate(time.Second)
	}
}

// delivered tells the store that the mails of long ago went out: else the service
// gives them up, sooner or later, depending on what it is asked meanwhile.
func (w *world) delivered() {
	w.t.Helper()
	db, err := store.Open(w.Path, store.Options{NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var waiting []record.Mail
	for m, err := range db.Mails() {
		if err != nil {
			w.t.Fatal(err)
		}
		if m.State == record.MailWaiting {
			waiting = append(waiting, m)
		}
	}
	for _, m := range waiting {
		m.State = record.MailSent
		if err := db.UpdateMail(m); err != nil {
			w.t.Fatal(err)
		}
	}
}

// asking has a service carry the command out.
func asking(args ...string) func(*job) { return func(j *job) { j.Ask = args } }

// TestCrashOfTheServiceOnAWholeDay kills the service wherever it can be while it
// carries out the run of such a day, for which it was asked by its socket. Started
// again by the same configuration, and asked again, it ends as the service does
// that nobody kills, and as a run does without one.
func TestCrashOfTheServiceOnAWholeDay(t *testing.T) {
	t.Parallel()
	var before map[string]string
	var without ended
	run := allowing("run", "--json")
	killing{
		begin: func(t testing.TB) *world {
			w := aDay(t, served(t))
			w.delivered()
			before = w.secrets()
			alone := w.keep().world(t)
			alone.mustRun(allow(everyGuard...))
			without = alone.ended()
			return w
		},
		job: asking(run...),
		again: func(w *world, _ moment) *reportOfRun {
			w.wantStaleSocket()
			return w.asked(run...)
		},
		arrived: func(w *world) {
			w.keepsSecrets(before)
			if diff := cmp.Diff(without, w.ended()); diff != "" {
				w.t.Errorf("the service makes another run (-alone +service):\n%s", diff)
			}
		},
		reads: 12, least: 400, every: 8,
	}.everywhere(t)
}

// wantStaleSocket fails where a service that was killed while it served left no
// socket: then nothing would show that the next one does not mind.
func (w *world) wantStaleSocket() {
	w.t.Helper()
	if _, err := os.Stat(w.socket()); errors.Is(err, fs.ErrNotExist) {
		w.t.Error("the service that was killed left no socket")
	}
}

// TestCrashOfTheServiceInARollback has the service take that day back.
func TestCrashOfTheServiceInARollback(t *testing.T) {
	t.Parallel()
	var before map[string]string
	var back []string
	killing{
		begin: func(t testing.TB) *world {
			w := aDay(t, served(t))
			w.delivered()
			before = w.secrets()
			day := w.mustRun(allow(everyGuard...))
			back = allowing("rollback", strconv.FormatUint(day.Number, 10), "--json")
			return w
		},
		job: func(j *job) { j.Ask = back },
		again: func(w *world, _ moment) *reportOfRun {
			w.wantStaleSocket()
			return w.asked(back...)
		},
		arrived: func(w *world) {
			if diff := cmp.Diff(before, w.secrets()); diff != "" {
				w.t.Errorf("phones do not register as before the day (-before +now):\n%s", diff)
			}
		},
		least: 300, every: 20,
	}.everywhere(t)
}

// TestCrashOfTheServiceInADecision has the service decide two conflicts and carry
// the decision out at once. After the crash either nobody has decided, and does so
// again, or the next run carries it out.
func TestCrashOfTheServiceInADecision(t *testing.T) {
	t.Parallel()
	decide := []string{"conflicts", "decide", "--kind", "field", "--take", "xivo", "--why", "so it is", "--yes", "--apply", "--json"}
	killing{
		begin: func(t testing.TB) *world {
			w := office(t)
			served(t)(w)
			w.mustRun(allow(everyGuard...))
			w.delivered()
			w.slapd.Modify(hired(4).DN, "ipPhone", "1104")
			w.renumber("1004", "default", "1204")
			w.slapd.Modify(hired(15).DN, "mail", "ldap.w15@parts.test")
			w.edit("w15", map[string]any{"email": "xivo.w15@parts.test"})
			w.mustRun()
			return w
		},
		job: asking(decide...),
		again: func(w *world, _ moment) *reportOfRun {
			w.wantStaleSocket()
			if slices.ContainsFunc(w.waiting(), func(c record.Conflict) bool { return c.State == record.Open }) {
				return w.asked(decide...)
			}
			return w.asked("run", "--json")
		},
		arrived: func(w *world) {
			w.wantEntry(hired(4).DN, "ipPhone", "1204")
			w.wantPhone("w04", "1204", "1204", "1004")
			w.wantEntry(hired(15).DN, "mail", "xivo.w15@parts.test")
			if left := w.waiting(); len(left) > 0 {
				w.t.Errorf("left are %s", told(left))
			}
		},
		reads: 3, least: 40,
	}.everywhere(t)
}
