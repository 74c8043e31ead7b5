package main

import (
	"encoding/json"
	"fmt"
	"strings"
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
