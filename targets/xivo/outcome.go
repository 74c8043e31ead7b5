package xivo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"xivosync/reconcile/record"
)

// verdict is what looking told about a write whose answer was lost.
type verdict int

const (
	// unclear means that XiVO holds neither the before- nor the after-values.
	unclear verdict = iota
	done
	undone
)

// lookTime is how long may be looked for the outcome of a write after the
// caller's own time is over.
const lookTime = 15 * time.Second

// write sends a write once, and returns the body of its answer. When the answer
// leaves open whether the write was carried out, look finds out; a write that
// was has no body then. Only a PUT or DELETE whose connection broke is sent
// again, since twice is the same as once.
func (j *job) write(ctx context.Context, q request, look func(context.Context) (verdict, error)) ([]byte, error) {
	for again := q.method != http.MethodPost; ; again = false {
		b, err := j.client.deliver(ctx, q)
		if err == nil || !open500(err) {
			return b, classified(j.object, err)
		}
		v, lookErr := j.look(ctx, look)
		switch {
		case record.ClassOf(lookErr) == record.Refused && lookErr != nil:
			return nil, lookErr
		case unreachable(lookErr):
			return nil, lookAgain(j.object, "the outcome is not known: "+message(err)+"; "+message(lookErr), err)
		case lookErr != nil:
			return nil, uncertain(j.object, "the outcome is not known: "+message(err)+"; "+message(lookErr), err)
		case v == done:
			return nil, nil
		case v == unclear:
			return nil, uncertain(j.object, "the outcome is not known: "+message(err)+"; XiVO holds neither the old nor the new values", err)
		case waiting(err):
			return nil, uncertain(j.object, message(err)+"; not carried out so far, but XiVO may still be at it", err)
		case again && broken(err):
			continue
		}
		return nil, &record.Error{
			Side: record.XiVO, Class: undoneClass(err), Object: j.object, Message: message(err) + "; looked up: not carried out", Err: err,
		}
	}
}

// deliver sends a write and reads its whole answer.
func (c *Client) deliver(ctx context.Context, q request) ([]byte, error) {
	body, err := c.exchange(ctx, q)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, answerLimit))
}

// look asks for the outcome, even when the caller waits no longer.
func (j *job) look(ctx context.Context, look func(context.Context) (verdict, error)) (verdict, error) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return look(ctx)
}

// outcome is what a change of a user returns: no values while more changes of
// his follow, and else what XiVO holds. Fresh tells that u was read after the
// write; his things, which earlier changes may have changed, were not.
func (j *job) outcome(ctx context.Context, u record.Record, fresh bool) (record.Record, error) {
	if j.change.More {
		u.Values = nil
		return u, nil
	}
	if fresh && len(j.client.held) == 0 {
		return u, nil
	}
	return j.readBack(ctx, u.ID)
}

// readBack reads the user after a write, even when the caller waits no longer.
func (j *job) readBack(ctx context.Context, id string) (record.Record, error) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	u, err := j.client.inFull(ctx, id, j.names)
	if unreachable(err) {
		return record.Record{}, lookAgain(j.object, fmt.Sprintf("written (user %s), but not to be read back: %s", id, message(err)), err)
	}
	if err != nil {
		return record.Record{}, uncertain(j.object, fmt.Sprintf("written (user %s), but not to be read back: %s", id, message(err)), err)
	}
	return u, nil
}

// unreachable tells whether looking failed because XiVO is down, rather than
// because it told nothing.
func unreachable(err error) bool {
	var e *record.Error
	return errors.As(err, &e) && e.Class == record.Down
}

// lookAgain ends the run over a write of which nobody can be asked now. Its
// intent stays open in the journal, and recovery asks when XiVO is back: were
// the outcome called uncertain, an outage in the middle of a run would leave
// everybody who was still to be created waiting for a person's decision.
func lookAgain(object, message string, err error) error {
	return &record.Error{Side: record.XiVO, Class: record.Down, Object: object, Message: message, Err: err}
}

// afterwards returns a context to end a write with: the caller's, or a short
// one of its own when that is over.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lookTime)
}

// open500 tells whether err leaves open what became of a write: no answer to a
// request that was sent, or a 5xx, which confd also answers when all was
// committed and only the reload of Asterisk failed.
func open500(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status >= http.StatusInternalServerError
	}
	var l *lost
	return errors.As(err, &l) && l.sent
}

// waiting tells whether XiVO may still be working on the request: nobody told
// us that it is over.
func waiting(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status == http.StatusGatewayTimeout
	}
	var l *lost
	return errors.As(err, &l) && l.late
}

// broken tells whether the connection ended without an answer.
func broken(err error) bool {
	var l *lost
	return errors.As(err, &l) && !l.late
}

// undoneClass says what it means that a write was not carried out: XiVO refuses
// it, unless the trouble is XiVO's own and nothing about the change. A refusal
// waits for somebody to correct something; Down is tried again by the next run.
func undoneClass(err error) record.Class {
	var p *Problem
	if !errors.As(err, &p) || p.Status != http.StatusInternalServerError || strings.Contains(p.Text, "(OperationalError)") {
		return record.Down
	}
	return record.Refused
}

// message returns XiVO's words where err has them.
func message(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Message()
	}
	return err.Error()
}
