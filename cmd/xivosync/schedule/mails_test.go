package schedule

import (
	"errors"
	"testing"
	"time"

	"xivosync/reconcile/record"
)

// wantsMails checks that the turn is one for mails, or that there is none.
func (p *play) wantsMails(got *Turn, want bool) {
	p.t.Helper()
	if (got != nil) != want || got != nil && (!got.Mails || got.Asked() || got.Mode != "") {
		p.t.Fatalf("at %s: %+v, want a turn for mails: %v", p.now.Wall, got, want)
	}
}

func TestMailsGetATurnWhenTheyAreDue(t *testing.T) {
	p := newPlay(t, nil, "")
	p.wantsMails(p.later(24*time.Hour), false)
	p.Post(p.now.Wall.Add(10 * time.Minute))
	if wait := p.Wait(p.now); wait != time.Minute {
		t.Errorf("waits %s", wait)
	}
	p.wantsMails(p.later(9*time.Minute+30*time.Second), false)
	if wait := p.Wait(p.now); wait != 30*time.Second {
		t.Errorf("waits %s", wait)
	}
	p.wantsMails(p.later(30*time.Second), true)
	p.wantsMails(p.later(time.Hour), false) // one at a time
	p.done(Result{})
	p.Post(time.Time{})
	p.wantsMails(p.later(time.Hour), false)
}

func TestWhatCouldNotBeTriedIsTriedAgainAfterAWhile(t *testing.T) {
	p := newPlay(t, nil, "")
	due := p.now.Wall
	p.Post(due)
	for range 3 {
		p.wantsMails(p.take(), true)
		p.done(Result{})
		p.Post(due) // as it was
		p.wantsMails(p.take(), false)
		if wait := p.Wait(p.now); wait != time.Minute {
			t.Errorf("waits %s", wait)
		}
		p.wantsMails(p.later(mailsRetry-time.Second), false)
		p.now.Up += time.Second
	}
	p.wantsMails(p.take(), true)
	p.done(Result{})
	p.Post(due.Add(time.Second)) // another one
	p.wantsMails(p.take(), true)
}

func TestRunsAndCommandsGoBeforeMails(t *testing.T) {
	p := newPlay(t, nil, "5m")
	p.Post(p.now.Wall)
	asked := p.Ask()
	if got := p.take(); got != asked {
		t.Fatalf("got %+v", got)
	}
	p.done(Result{})
	p.wants(p.take(), record.Incremental)
	p.done(Result{})
	p.wantsMails(p.take(), true)
}

func TestNeitherASideNorAGuardKeepsMailsBack(t *testing.T) {
	for name, result := range map[string]Result{
		"a side is down": {Down: record.XiVO, Err: errors.New("refused")},
		"a guard pauses": {Run: 7, Answered: true, Guards: []string{"removals"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, nil, "1h")
			p.take()
			p.done(result)
			p.Post(p.now.Wall.Add(10 * time.Second))
			p.wantsMails(p.later(10*time.Second), true)
			if events := p.done(Result{}); len(events) > 0 {
				t.Errorf("told %v", events)
			}
			if s := p.Status(p.now); (s.Pause == nil) == (s.Trouble == nil) {
				t.Errorf("%+v", s)
			}
		})
	}
}
