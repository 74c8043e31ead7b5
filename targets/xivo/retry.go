package xivo

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// tries is how often something that only reads is tried in all.
	tries = 3
	// patience bounds all tries of one read together.
	patience = 5 * time.Minute
)

// retry repeats what only reads, with growing pauses, as long as the error is
// one that passes.
func (c *Client) retry(ctx context.Context, op func() error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = c.pause, 10*c.pause
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := op()
		if err != nil && !transient(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(patience),
		backoff.WithNotify(func(err error, next time.Duration) {
			c.log.Info("asking again", "after", next, "error", err)
		}))
	return err
}
