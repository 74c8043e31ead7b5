package schedule

import "time"

// mails is when the outbox is to be looked at. A run does that, too, and goes
// first; a side that is down and a guard that stops runs keep no mail back.
type mails struct {
	// due is when the next mail is to be tried, by the clock on the wall; the zero
	// time is never.
	due time.Time
	// tried is what was due at the last turn for mails, and retry when the same is
	// tried again, by the clock that counts up: what could not be tried at all stays
	// due.
	tried time.Time
	retry time.Duration
}

// mailsRetry is how long mails wait after a turn that changed nothing about them.
const mailsRetry = 5 * time.Minute

// Post notes when the next mail is due; the zero time is never. It is called when
// the agenda begins and after each turn.
func (a *Agenda) Post(due time.Time) { a.mails.due = due }

// wait is the time until there is something to try, zero or less where there is;

func (m *mails) wait(now Moment) (wait time.Duration, waits bool) {
	if m.due.IsZero() {
		return 0, false
	}
	wait = m.due.Sub(now.Wall)
	if m.due.Equal(m.tried) {
		wait = max(wait, m.retry-now.Up)
	}
	return wait, true
}

// over tells whether it is time for a turn.
func (m *mails) over(now Moment) bool {
	wait, waits := m.wait(now)
	return waits && wait <= 0
}

// take notes that a turn is given for what is due.
func (m *mails) take(now Moment) {
	m.tried, m.retry = m.due, now.Up+mailsRetry
}
