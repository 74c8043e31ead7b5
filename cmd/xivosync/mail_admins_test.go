package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/targets/mail/mailtest"
)

// admins are who is told in these tests.
const admins = "admins = [\"admin@example.org\", \"second@example.org\"]\n"

// reports are the texts that the first admin got, with their subjects. The second one
// has to have got as many.
func (p *posting) reports() []string {
	p.t.Helper()
	texts := map[string][]string{}
	for _, m := range p.relay.Taken() {
		if strings.HasSuffix(m.To, "@example.org") {
			texts[m.To] = append(texts[m.To], m.Message(p.t).Header.Get("Subject")+"\n"+m.Parts(p.t)["text/plain"])
		}
	}
	if first, second := texts["admin@example.org"], texts["second@example.org"]; !slices.Equal(first, second) {
		p.t.Errorf("one admin was told %d, the other %d", len(first), len(second))
	}
	return texts["admin@example.org"]
}

// reported waits for so many reports to both admins, and returns the last one.
func (p *posting) reported(n int) string {
	p.t.Helper()
	p.until(fmt.Sprint(n, " reports"), func() bool {
		to := 0
		for _, m := range p.relay.Taken() {
			if strings.HasSuffix(m.To, "@example.org") {
				to++
			}
		}
		return to >= 2*n
	})
	all := p.reports()
	if len(all) != n {
		p.t.Fatalf("%d reports, want %d:\n%s", len(all), n, strings.Join(all, "\n---\n"))
	}
	return all[n-1]
}

// TestTheServiceTellsOfAStop that happens in a run of its schedule, once a day while it
// lasts, and not again after a restart.
func TestTheServiceTellsOfAStop(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, admins+"[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n")
	p.toNoon(time.Local) // what is told once a day is not told twice about midnight
	p.hire("ann", "zoe")
	p.serve()
	p.says("PAUSED")
	wantSaid(t, p.reported(1), "a guard stopped run 1", "first-run", "xivosync run --allow first-run")
	p.stop(syscall.SIGTERM)
	p.serve()
	p.run(3, "run")
	p.run(0, "outbox", "send")
	p.reported(1)
	if out, _ := p.run(0, "outbox", "list", "--all"); strings.Count(out, "an admin") != 2 || strings.Contains(out, "?") {
		t.Errorf("%s", out)
	}
	p.run(0, "run", "--allow", "first-run")
	p.stop(syscall.SIGTERM)
	p.reported(1)
	p.wantPeople("ann", "zoe")
}

// wantPeople wants these people, and no others, to have had one mail each.
func (p *posting) wantPeople(uids ...string) {
	p.t.Helper()
	got := map[string]int{}
	for _, m := range p.relay.Taken() {
		if uid, domain, _ := strings.Cut(m.To, "@"); domain == "parts.test" {
			got[uid]++
		}
	}
	for _, uid := range uids {
		if got[uid] != 1 {
			p.t.Errorf("%s got %d mails", uid, got[uid])
		}
	}
	if len(got) != len(uids) {
		p.t.Errorf("mails went to %v, want %v", got, uids)
	}
}

// TestTheServiceTellsOfNewConflicts when its schedule finds them, each once.
func TestTheServiceTellsOfNewConflicts(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, admins+"[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n")
	p.hire("ann", "zoe")
	p.run(0, "run", "--allow", "first-run")
	p.serve()
	p.slapd.Modify(p.dn("ann"), "ipPhone", "9999")
	wantSaid(t, p.reported(1), "new: 1 conflict", "ann, extension", "xivosync conflicts list")
	p.slapd.Modify(p.dn("zoe"), "ipPhone", "8888")
	text := p.reported(2)
	wantSaid(t, text, "zoe, extension")
	if strings.Contains(text, "ann") {
		t.Errorf("it is told again: %s", text)
	}
	runs := p.runs()[0].Number
	p.newest(runs + 1)
	p.stop(syscall.SIGTERM)
	p.serve()
	p.run(0, "run")
	p.stop(syscall.SIGTERM)
	p.reported(2)
}

// TestWhatACrashKeptFromAdminsIsTold by the next service: the journal knows of the
// stop and of the conflict, and the reports were never written.
func TestWhatACrashKeptFromAdminsIsTold(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, hardly+"[guard]\ncreates = { count = 1 }\n")
	p.hire("ann")
	p.run(0, "run", "--allow", "first-run")
	p.slapd.Modify(p.dn("ann"), "ipPhone", "9999")
	p.run(0, "run")
	p.hire("zoe", "tom", "eve")
	p.run(3, "run") // nobody is configured to be told
	p.mails(admins + hardly + "[guard]\ncreates = { count = 1 }\n")
	p.serve()
	p.run(0, "outbox", "send")
	all := strings.Join(p.reports(), "\n")
	wantSaid(t, all, "a guard stopped run 3", "--allow creates", "new: 1 conflict", "ann, extension")
	p.run(0, "outbox", "send")
	p.later(25 * time.Hour)
	p.run(0, "outbox", "send")
	if n := len(p.reports()); n != 2 {
		t.Errorf("%d reports", n)
	}
	p.stop(syscall.SIGTERM)
}

// TestTheDailySummary comes at its time of day in the zone of the schedule, without a
// run, though both sides are down and however often the service is started again, and
// once a day.
func TestTheDailySummary(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	p.toNoon(zone)
	p.hire("ann")
	p.run(0, "run", "--allow", "first-run")
	p.mails(admins + "digest = \"14:30\"\n" + hardly + "time_zone = \"Asia/Tokyo\"\n")
	p.serve()
	p.slapd.Stop()
	_ = p.server.Close()
	p.later(2 * time.Hour) // two o'clock
	p.run(0, "outbox", "send")
	if n := len(p.reports()); n != 0 {
		t.Fatalf("%d reports before their time", n)
	}
	p.later(40 * time.Minute)
	wantSaid(t, p.reported(1), "the last 24 hours", "1 run: 1 created")
	for range 3 {
		if code := p.stop(syscall.SIGTERM); code != 0 {
			t.Errorf("it ended with %d", code)
		}
		p.run(0, "outbox", "send") // as a timer does
		p.serve()
		p.later(time.Hour)
	}
	_ = p.service.cmd.Process.Kill()
	<-p.service.ended
	p.serve()
	p.run(0, "outbox", "send")
	p.reported(1)
	for day := 2; day <= 4; day++ {
		p.later(24 * time.Hour)
		wantSaid(t, p.reported(day), "0 runs: no changes")
	}
	p.stop(syscall.SIGTERM)
	if len(p.runs()) != 1 {
		t.Error("runs were made for it")
	}
	p.reported(4)
}

// toNoon makes it noon of tomorrow in a zone, for the station's processes.
func (p *posting) toNoon(zone *time.Location) {
	p.t.Helper()
	if err := os.Remove(p.clockFile()); err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	now := time.Now().In(zone)
	p.later(time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, zone).Sub(now))
}
