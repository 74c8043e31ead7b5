package xivo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"xivosync/reconcile/record"
)

// holdings are everybody's things: as the survey tells them where it can be
// trusted, which is as deep as detail goes, and as they were read one by one
// where it cannot.
type holdings struct {
	survey  *roster
	answers uint8
	read    map[uuid.UUID]map[string]record.Value
}

// inventory finds out the things of all people in the list.
func (c *Client) inventory(ctx context.Context, people *roster) (*holdings, error) {
	h := &holdings{read: map[uuid.UUID]map[string]record.Value{}}
	var err error
	h.survey, h.answers, err = c.threeAnswers(ctx, evidenceFor(slices.Concat(c.held, c.detailed)))
	if unknownAddress(err) {
		h.survey, err = newRoster(nil), nil
	}
	if err != nil {
		return nil, err
	}
	for i := range people.people {
		if p := &people.people[i]; !h.trusts(p.id) || c.hides(h, p.id) {
			if h.read[p.id], err = c.thingsOf(ctx, p.id.String()); err != nil && record.ClassOf(err) != record.Missing {
				return nil, err
			}
			p.gone = p.gone || err != nil
		}
	}
	return h, nil
}

// trusts tells whether the survey can be believed about the person's things.
func (h *holdings) trusts(id uuid.UUID) bool {
	i, known := h.survey.index[id]
	if !known {
		return false
	}
	p, k := &h.survey.people[i], h.survey.evidence(int(i))
	return !p.doubtful && p.told == h.answers && k.agree()
}

// recall writes what is known of a person's things into the values of a record.
func (c *Client) recall(h *holdings, id uuid.UUID, values map[string]record.Value) {
	if h == nil {
		return
	}
	if read, ok := h.read[id]; ok {
		maps.Copy(values, read)
		return
	}
	k := h.survey.evidence(int(h.survey.index[id]))
	c.tell(&k, h.survey.agents, values)
}

// thingsOf reads the mapped things of one user.
func (c *Client) thingsOf(ctx context.Context, id string) (map[string]record.Value, error) {
	u, err := c.inFull(ctx, id, nil)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", id, err)
	}
	return u.Values, nil
}

// hides tells whether the person has a thing of which the survey leaves out a
// mapped detail.
func (c *Client) hides(h *holdings, id uuid.UUID) bool {
	k := h.survey.evidence(int(h.survey.index[id]))
	has := map[record.Thing]bool{
		record.Voicemail: k[mailboxNumber] != "", record.DID: k[didNumbers] != "", record.Agent: !noAgent(k[agentID]),
	}
	return slices.ContainsFunc(c.detailed, func(name string) bool {
		f, _ := detailOf(name)
		return !f.Surveyed && has[f.Thing]
	})
}
