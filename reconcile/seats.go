package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// Queues are given to an agent by rules, and no listing tells who is in which: they
// count as unchanged in XiVO, but in an audit. Of the queues that were given, what
// is not as it was given is restored, like the drift of any field; a queue that
// somebody put the agent into besides is left alone.

// Seating is implemented by a side on which agents are members of queues.
type Seating interface {
	// Seated tells by user in which of the queues their agent is, as "QUEUE:PENALTY".
	// Whoever is not told of has no agent.
	Seated(ctx context.Context, asked []record.Seats) (map[string]record.Value, error)
}

// auditSeats looks at the queues of everybody whose agent was given some, and adds
// to the people whoever is not in them as they were given.
func (e *Engine) auditSeats(ctx context.Context, p *Plan, opt Options, m *matched) error {
	side, able := e.XiVO.(Seating)
	if !able || opt.Mode != record.Audit || e.Settings.Mapping(string(record.Agent)) == nil {
		return nil
	}
	given, asked, err := e.givenSeats(p.seen, opt, m)
	if err != nil || len(asked) == 0 {
		return err
	}
	e.progressOf("looking at the queues of agents", 0, len(asked))
	seated, err := side.Seated(ctx, asked)
	if err != nil {
		return err
	}
	for _, ask := range asked {
		w := given[ask.User]
		now, told := seated[ask.User]
		if !told || sameSet(now, w.state.Fields[agentQueues].XiVO) {
			continue
		}
		if !slices.Contains(m.people, w) {
			m.people = append(m.people, w)
		}
		w.seats = &now
	}
	return nil
}

// givenSeats are the people whose agents were given queues, by user: those of the
// plan, and those who are not in it because nothing else changed.
func (e *Engine) givenSeats(o *observation, opt Options, m *matched) (map[string]*person, []record.Seats, error) {
	planned := map[uint64]*person{}
	for _, w := range m.people {
		planned[w.state.Number] = w
	}
	given, asked := map[string]*person{}, []record.Seats(nil)
	for i, l := range o.links {
		w := planned[l.Number]
		if w == nil && len(opt.Only) > 0 || l.Deactivated || l.Halfway || !o.ldap.seen[i] || !o.xivo.seen[i] {
			continue
		}
		if w == nil {
			state, err := e.Store.State(l.Number)
			if err != nil {
				return nil, nil, fmt.Errorf("read the state of %s: %w", l.Identifier, err)
			}
			w = e.meet(o, &person{state: state})
		}
		if queues := w.state.Fields[agentQueues].XiVO; !queues.Empty() && !w.held {
			given[l.User] = w
			asked = append(asked, record.Seats{User: l.User, Queues: queuesIn(queues)})
		}
	}
	return given, asked, nil
}

func queuesIn(seats record.Value) (ids []string) {
	for _, s := range seats {
		id, _, _ := strings.Cut(s, ":")
		ids = append(ids, id)
	}
	return ids
}
