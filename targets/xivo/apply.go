package xivo

import (
	"context"
	"fmt"

	"xivosync/reconcile/record"
)

// Apply carries out a change of a user or of one of his things, and returns the
// record that XiVO holds afterwards: what is mapped, and the fields of the
// change. What XiVO ignored or altered shows there; it is no error. While more
// changes of the same user follow ([record.Change.More]), nothing is read back,
// and the record has no values.
//
// A create sends the after-values of all its fields. An update, a deactivation
// and a reactivation read the user first: the error is of class Stale when a
// field holds neither its before- nor its after-value; only what differs is
// sent, and nothing when nothing does. A deletion is refused while something of
// the user is left that XiVO would leave dangling, unless the change has the
// after-value true of delete_anyway.
//
// When an answer is lost, or says 500, XiVO is asked what became of the change.
// Was it carried out, all is well. Was it not, the error is of class Refused if
// XiVO itself said 500, and Down if the connection, the database or a gateway
// failed, or if XiVO cannot be asked any more: the intent is open then, and the
// next run asks. The error is of class Uncertain when XiVO answers, and that
// does not tell: it holds neither the old nor the new values, there is nothing
// to look for, or it may still be at work on a request for which we waited no
// longer.
//
// A change of a thing (key is the user's uuid) takes several requests. When one
// is refused, those before it are taken back, and the error is of class Refused;
// it is Uncertain when that failed, and names what is left. When XiVO falls
// silent in between, it is Down, and [Client.Resume] goes on from there.
func (c *Client) Apply(ctx context.Context, change record.Change) (record.Record, error) {
	object := subject(change)
	if change.Thing != record.User {
		return c.applyThing(ctx, change)
	}
	read := wishes
	if change.Op == record.Delete {
		read = deletion
	}
	list, err := read(object, change)
	if err != nil {
		return record.Record{}, err
	}
	release, err := c.takeTurn(ctx)
	if err != nil {
		return record.Record{}, classified(object, err)
	}
	defer release()
	job := &job{client: c, change: change, object: object, wishes: list, names: c.named(list)}
	switch change.Op {
	case record.Create:
		return job.create(ctx)
	case record.Update, record.Deactivate, record.Reactivate:
		return job.update(ctx)
	case record.Delete:
		return record.Record{}, job.delete(ctx)
	}
	return record.Record{}, refused(object, fmt.Sprintf("users know no operation %q", change.Op))
}

// job is one change that is being carried out.
type job struct {
	client *Client
	change record.Change
	object string
	wishes []wish
	names  []string
}

// takeTurn waits for one of the places for writers.
func (c *Client) takeTurn(ctx context.Context) (release func(), err error) {
	select {
	case c.writing <- struct{}{}:
		return func() { <-c.writing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for another write: %w", context.Cause(ctx))
	}
}

// subject names the user of a change for an error.
func subject(change record.Change) string {
	if change.Key == "" || change.Op == record.Create {
		return "user " + change.Person.Label()
	}
	if change.Person.Name != "" {
		return fmt.Sprintf("user %s (%s)", change.Key, change.Person.Name)
	}
	return "user " + change.Key
}
