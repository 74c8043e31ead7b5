package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"xivosync/targets/mail/mailtest"
)

// tries waits until the relay was offered so many mails.
func (p *posting) tries(n int) {
	p.t.Helper()
	p.until(fmt.Sprint(n, " tries"), func() bool { return p.relay.Tries() >= n })
}

// states are the states of all mails, by the address.
func (p *posting) states() map[string]string {
	p.t.Helper()
	states := map[string]string{}
	for _, m := range p.outbox() {
		states[m["to"].(string)] = m["state"].(string)
	}
	return states
}

// become waits until the mail to somebody is in a state.
func (p *posting) become(to, state string) {
	p.t.Helper()
	p.until("the mail to "+to+" is "+state, func() bool { return p.states()[to] == state })
}

// TestTheServiceTriesAMailAtItsTime with hardly any run: a mail that a relay refuses
// for now is tried again after five minutes, then ten, and goes out once. No run is
// made for it.
func TestTheServiceTriesAMailAtItsTime(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, hardly)
	p.hire("ann", "zoe")
	p.relay.Fail(mailtest.Fault{Code: 451, OnlyFor: "zoe@parts.test"}, mailtest.Fault{Code: 452, AtEnd: true, OnlyFor: "zoe@parts.test"})
	p.serve()
	p.run(0, "run", "--allow", "first-run")
	p.wantOne("ann")
	runs := len(p.runs())
	p.later(4 * time.Minute)
	p.later(30 * time.Second)
	if n := p.relay.Tries(); n != 2 {
		t.Fatalf("%d tries before it was due", n)
	}
	p.later(time.Minute)
	p.tries(3)
	p.says("it is tried again", 2)
	p.later(9 * time.Minute)
	if n := p.relay.Tries(); n != 3 {
		t.Fatalf("%d tries before it was due again", n)
	}
	p.later(2 * time.Minute)
	p.become("zoe@parts.test", "sent")
	p.later(24 * time.Hour)
	p.run(0, "plan") // whatever went on has ended
	p.wantOne("ann", "zoe")
	if n := p.relay.Tries(); n != 4 {
		t.Errorf("%d tries", n)
	}
	if now := len(p.runs()); now != runs {
		t.Errorf("%d runs were made for a mail", now-runs)
	}
	if code := p.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestAServiceFindsWhatWaits when it begins, and sends it though both sides are down.
func TestAServiceFindsWhatWaits(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, hardly)
	p.hire("ann")
	p.relay.Fail(mailtest.Fault{Code: 451})
	p.run(0, "run", "--allow", "first-run")
	p.later(time.Hour)
	p.slapd.Stop()
	_ = p.server.Close()
	p.serve()
	p.become("ann@parts.test", "sent")
	p.wantOne("ann")
	if code := p.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestMailsThatAreTriedWaitForACommand and a command for them.
func TestMailsThatAreTriedWaitForACommand(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, hardly)
	p.hire("ann")
	p.relay.Fail(mailtest.Fault{Code: 451})
	p.run(0, "run", "--allow", "first-run")
	p.serve()
	reached, let := make(chan struct{}), make(chan struct{})
	p.relay.OnStep(func(name string) {
		if name == "data" {
			close(reached)
			<-let
		}
	})
	p.later(6 * time.Minute)
	<-reached
	client := p.command("run")
	said := &lockedBuffer{}
	client.Stderr = said
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	p.until("the command is told to wait", func() bool { return strings.Contains(said.String(), "Waiting for the sending of mails") })
	close(let)
	if code := codeOf(t, client.Wait()); code != 0 {
		t.Errorf("the command ended with %d", code)
	}
	p.wantOne("ann")
	p.stop(syscall.SIGTERM)
}

// TestATimerSendsWithoutARun by its own command, whether or not a service is there.
func TestATimerSendsWithoutARun(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, hardly)
	p.hire("ann", "zoe", "eve")
	p.relay.Fail(mailtest.Fault{Code: 451}, mailtest.Fault{Code: 451}, mailtest.Fault{Code: 451})
	p.run(0, "run", "--allow", "first-run")
	if out, _ := p.run(0, "outbox", "send"); out != "No mail is due.\n" {
		t.Errorf("%s", out)
	}
	p.later(6 * time.Minute)
	p.relay.Fail(mailtest.Fault{Code: 550, OnlyFor: "eve@parts.test"}, mailtest.Fault{Code: 451, OnlyFor: "zoe@parts.test"})
	out, _ := p.run(4, "outbox", "send")
	for _, want := range []string{"1 mail sent.", "eve@parts.test", "zoe@parts.test", "mailbox unavailable", "try again later"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	p.wantOne("ann")
	p.later(4 * time.Hour)
	p.run(0, "outbox", "send") // where nobody serves
	p.wantOne("ann", "zoe")
	p.hire("tom")
	p.relay.Fail(mailtest.Fault{Code: 451})
	p.run(0, "run")
	p.serve()
	var got struct {
		Sent            int
		Waiting, Failed []any
		Trouble         *string
	}
	if out, _ = p.run(0, "outbox", "send", "--json"); json.Unmarshal([]byte(out), &got) != nil || got.Sent != 0 || got.Waiting == nil || got.Trouble == nil {
		t.Errorf("%s", out)
	}
	p.stop(syscall.SIGTERM)
	if runs := len(p.runs()); runs != 2 {
		t.Errorf("%d runs", runs)
	}
}

// TestSendingThatIsStoppedSaysSo while the relay does not answer: it does not claim that
// nothing was due.
func TestSendingThatIsStoppedSaysSo(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	p.port = silent.Addr().(*net.TCPAddr).Port
	p.mails(admins + "digest = \"00:00\"\ntimeout = \"1s\"\n")
	client := p.command("outbox", "send")
	said := &lockedBuffer{}
	client.Stdout, client.Stderr = said, said
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = client.Process.Signal(syscall.SIGTERM)
	if code := codeOf(t, client.Wait()); code != 1 || strings.Contains(said.String(), "No mail is due") || !strings.Contains(said.String(), "Stopped by a signal") {
		t.Errorf("it ended with %d: %s", code, said)
	}
}

// TestAStopFinishesTheMailAtHand and begins no other; the next service goes on.
func TestAStopFinishesTheMailAtHand(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, hardly)
	p.hire("ann", "zoe")
	p.relay.Fail(mailtest.Fault{Code: 451}, mailtest.Fault{Code: 451})
	p.run(0, "run", "--allow", "first-run")
	p.serve()
	reached, let := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.relay.OnStep(func(name string) {
		if name == "data" {
			once.Do(func() { close(reached) })
			<-let
		}
	})
	p.later(6 * time.Minute)
	<-reached
	p.signal(syscall.SIGTERM)
	p.says("stopping")
	close(let)
	if code := codeOf(t, <-p.service.ended); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	p.service = nil
	states := p.states()
	if n := len(p.relay.Taken()); n != 1 || states["ann@parts.test"] == states["zoe@parts.test"] {
		t.Errorf("%d taken, %v", n, states)
	}
	p.serve()
	p.until("the other one goes out", func() bool { return len(p.relay.Taken()) == 2 })
	p.stop(syscall.SIGTERM)
	p.wantOne("ann", "zoe")
}

// TestMailsAreForgottenWithTheirRuns but for those that somebody has to look after.
func TestMailsAreForgottenWithTheirRuns(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+"admins = [\"admin@example.org\"]\ndigest = \"00:00\"\n"+hardly)
	text, err := os.ReadFile(p.config())
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "[state]\n", "[state]\nkeep_runs = 2\nkeep_for = \"2d\"\n", 1))
	if err := os.WriteFile(p.config(), text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.hire("sent", "unsure", "refused")
	p.relay.Fail(mailtest.Fault{CutAfter: true, OnlyFor: "unsure@parts.test"}, mailtest.Fault{Code: 550, OnlyFor: "refused@parts.test"})
	p.run(0, "run", "--allow", "first-run")
	unsure, _ := p.mailTo("unsure")
	for range 5 {
		p.later(24 * time.Hour)
		p.run(0, "run")
	}
	states := map[string]int{}
	for _, m := range p.outbox() {
		states[fmt.Sprint(m["to"], " ", m["state"])]++
	}
	if states["unsure@parts.test uncertain"] != 1 || states["sent@parts.test sent"]+states["refused@parts.test failed"] > 0 {
		t.Errorf("%v", states)
	}
	if n := states["admin@example.org sent"]; n < 2 || n > 3 {
		t.Errorf("%d summaries of six days", n)
	}
	if preview, _ := p.run(0, "outbox", "preview", unsure); !strings.Contains(preview, "Hello") {
		t.Errorf("%s", preview)
	}
	for range 2 {
		p.later(20 * 24 * time.Hour)
		p.run(0, "run")
	}
	p.run(1, "outbox", "preview", unsure) // nobody looked after it for a month
	p.wantPeople("sent", "unsure")
	p.run(0, "state", "check")
}
