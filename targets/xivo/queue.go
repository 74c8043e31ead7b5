package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"xivosync/reconcile/record"
)

// seat puts the agent into the queues of the change and takes it out of those
// that it leaves: texts "QUEUE_ID:PENALTY" before and after.
func (e *errand) seat(ctx context.Context, agent int) error {
	before, err := e.seats(e.change.Fields["queues"].Before)
	if err != nil {
		return err
	}
	after, err := e.seats(e.change.Fields["queues"].After)
	if err != nil {
		return err
	}
	for _, queue := range slices.Sorted(maps.Keys(before)) {
		if _, stays := after[queue]; !stays {
			if err := e.unseat(ctx, queue, agent); err != nil {
				return err
			}
		}
	}
	for _, queue := range slices.Sorted(maps.Keys(after)) {
		if err := e.sit(ctx, queue, agent, after[queue]); err != nil {
			return err
		}
	}
	return nil
}

// seats reads queues and penalties.
func (e *errand) seats(texts []string) (map[int]int, error) {
	seats := map[int]int{}
	for _, text := range texts {
		id, penalty, _ := strings.Cut(text, ":")
		queue, err := strconv.Atoi(id)
		weight, weightErr := strconv.Atoi(penalty)
		if err != nil || weightErr != nil || queue < 1 || weight < 0 {
			return nil, refused(e.object, fmt.Sprintf("queues: want QUEUE_ID:PENALTY, not %q", text))
		}
		seats[queue] = weight
	}
	return seats, nil
}

// membersPath is that of the agents in a queue, memberPath that of one of them
// (resource /queues).
func membersPath(queue int) string { return fmt.Sprintf("/queues/%d/members/agents", queue) }

func memberPath(queue, agent int) string { return fmt.Sprintf("%s/%d", membersPath(queue), agent) }

// seatReaders is how many agents are looked at at once: confd has ten threads, and
// others need some.
const seatReaders = 3

// Seated tells by user in which of the queues their agent is.
func (c *Client) Seated(ctx context.Context, asked []record.Seats) (map[string]record.Value, error) {
	seated := make([]record.Value, len(asked))
	told := make([]bool, len(asked))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(seatReaders)
	for i, ask := range asked {
		g.Go(func() (err error) {
			seated[i], told[i], err = c.seatsOf(ctx, ask)
			return classified(userObject(ask.User), err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := map[string]record.Value{}
	for i, ask := range asked {
		if told[i] {
			out[ask.User] = seated[i]
		}
	}
	return out, nil
}

// seatsOf tells where one user's agent is; false where there is none.
func (c *Client) seatsOf(ctx context.Context, ask record.Seats) (seats record.Value, told bool, err error) {
	agent, err := c.agentOf(ctx, ask.User)
	switch {
	case gone(err): // deleted since the listing
		return nil, false, nil
	case err != nil || agent == 0:
		return nil, false, err
	}
	for _, id := range ask.Queues {
		queue, err := strconv.Atoi(id)
		if err != nil {
			return nil, false, nil
		}
		penalty, seated, err := c.penaltyOf(ctx, queue, agent)
		if err != nil {
			return nil, false, err
		}
		if seated {
			seats = append(seats, fmt.Sprintf("%d:%d", queue, penalty))
		}
	}
	slices.Sort(seats)
	return seats, true, nil
}

// penaltyOf tells an agent's penalty in a queue, and whether it is in it.
func (c *Client) penaltyOf(ctx context.Context, queue, agent int) (penalty int, seated bool, err error) {
	var member struct {
		Penalty int `json:"penalty"`
	}
	seated, err = c.there(ctx, memberPath(queue, agent), &member)
	return member.Penalty, seated, err
}

// sit gives the agent its place, or another penalty.
func (e *errand) sit(ctx context.Context, queue, agent, penalty int) error {
	now, seated, err := e.client.penaltyOf(ctx, queue, agent)
	switch {
	case err != nil:
		return classified(e.object, err)
	case !seated:
		return e.make(ctx, e.member(queue, agent, penalty))
	case now == penalty:
		return nil
	}
	return e.weigh(ctx, queue, agent, now, penalty)
}

// unseat takes the agent out of a queue, if it is in it.
func (e *errand) unseat(ctx context.Context, queue, agent int) error {
	penalty, seated, err := e.client.penaltyOf(ctx, queue, agent)
	if err != nil || !seated {
		return classified(e.object, err)
	}
	return e.unmake(ctx, e.member(queue, agent, penalty))
}

// member is an agent's place in a queue.
func (e *errand) member(queue, agent, penalty int) part {
	return part{
		what:   func() string { return fmt.Sprintf("agent %d in queue %d", agent, queue) },
		unique: true,
		find: func(ctx context.Context) (bool, error) {
			_, seated, err := e.client.penaltyOf(ctx, queue, agent)
			return seated, err
		},
		create: func() request {
			return post(membersPath(queue), map[string]any{"agent_id": agent, "penalty": penalty})
		},
		remove: func() string { return memberPath(queue, agent) },
	}
}

// weigh changes the penalty.
func (e *errand) weigh(ctx context.Context, queue, agent, before, after int) error {
	b, _ := json.Marshal(map[string]int{"penalty": after}) // a number is always written
	_, err := e.send(ctx, request{method: http.MethodPut, path: memberPath(queue, agent), body: b}, func(ctx context.Context) (verdict, error) {
		switch now, _, err := e.client.penaltyOf(ctx, queue, agent); {
		case err != nil:
			return unclear, err
		case now == after:
			return done, nil
		case now == before:
			return undone, nil
		}
		return unclear, nil
	})
	if err == nil {
		e.remember(fmt.Sprintf("penalty %d of agent %d in queue %d", before, agent, queue), func(ctx context.Context) error {
			return e.weigh(ctx, queue, agent, after, before)
		})
	}
	return err
}
