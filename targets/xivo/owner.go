package xivo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// Owner looks up who holds a value of extension, did, voicemail, agent,
// sip_username or provisioning_code, whatever it leads to: a DID that leads to somebody's mailbox is
// that person's.
func (c *Client) Owner(ctx context.Context, field, value string) (record.Holder, error) {
	holders := map[string]func(context.Context, string) (record.Holder, error){
		"extension": c.ownerOfExtension, "did": c.ownerOfExtension, "voicemail": c.ownerOfMailbox, "agent": c.ownerOfAgent, "sip_username": c.ownerOfSIP,
		"provisioning_code": c.ownerOfCode,
	}
	object := field + " " + value
	find := holders[field]
	if find == nil {
		return record.Holder{}, refused(object, "nobody can be looked up by that")
	}
	h, err := find(ctx, value)
	if errors.Is(err, errNoService) {
		return record.Holder{}, refused(object, err.Error())
	}
	return h, classified(object, err)
}

func (c *Client) ownerOfCode(ctx context.Context, code string) (record.Holder, error) {
	l, err := c.lineByCode(ctx, code)
	if err != nil || l == nil {
		return record.Holder{}, err
	}
	return c.ownerOfLine(ctx, l.ID, "")
}

func (c *Client) ownerOfExtension(ctx context.Context, value string) (record.Holder, error) {
	x, err := c.extensionAt(ctx, value)
	switch {
	case err != nil || x == nil:
		return record.Holder{}, err
	case len(x.Lines) > 0:
		return c.ownerOfLine(ctx, x.Lines[0].ID, fmt.Sprintf("extension %d", x.ID))
	case x.Incall != nil:
		return c.ownerOfIncall(ctx, x.Incall.ID, x.ID)
	}
	for kind, r := range map[string]*ref{"group": x.Group, "outgoing route": x.Outcall, "conference room": x.Conference} {
		if r != nil {
			return record.Holder{Thing: fmt.Sprintf("%s %d", kind, r.ID), Remedy: fmt.Sprintf("the number of %s %d", kind, r.ID)}, nil
		}
	}
	return record.Holder{
		Thing:  fmt.Sprintf("extension %d, on no line and no incall (XiVO does not tell whether it is a queue's)", x.ID),
		Remedy: fmt.Sprintf("extension %d", x.ID),
	}, nil
}

// ownerOfLine tells whose a line is; with is what else has to go with it.
func (c *Client) ownerOfLine(ctx context.Context, id int, with string) (record.Holder, error) {
	var l lineOf
	if there, err := c.there(ctx, linePath(id), &l); err != nil || !there {
		return record.Holder{}, err
	}
	remedy := fmt.Sprintf("line %d", id)
	if with != "" {
		remedy += ", " + with
	}
	if l.SIP != nil && !strings.HasPrefix(with, "SIP") {
		remedy += fmt.Sprintf(", SIP endpoint %d", l.SIP.ID)
	}
	var who []record.Record
	for _, u := range l.Users {
		who = append(who, record.Record{Side: record.XiVO, ID: u.UUID, Name: fullName(u.Firstname, u.Lastname)})
	}
	return heldBy(fmt.Sprintf("line %d", id), remedy, who), nil
}

// heldBy words who holds a thing.
func heldBy(thing, remedy string, who []record.Record) record.Holder {
	h := record.Holder{Thing: thing, Remedy: remedy}
	switch len(who) {
	case 0:
		h.Thing += " without a user"
	case 1:
		h.User = who[0]
		h.Thing += " of " + who[0].Name
	default:
		h.Thing += " shared by " + list(who)
	}
	return h
}

// userByID reads a user by his number: uuid and name; nil for nobody.
func (c *Client) userByID(ctx context.Context, id uint64) ([]record.Record, error) {
	var u struct {
		UUID      string `json:"uuid"`
		Firstname string `json:"firstname"`
		Lastname  string `json:"lastname"`
	}
	there, err := c.there(ctx, "/users/"+strconv.FormatUint(id, 10), &u)
	if err != nil || !there {
		return nil, err
	}
	return []record.Record{{Side: record.XiVO, ID: u.UUID, Serial: id, Name: fullName(u.Firstname, u.Lastname)}}, nil
}

func (c *Client) ownerOfIncall(ctx context.Context, id, extension int) (record.Holder, error) {
	var i incall
	if there, err := c.there(ctx, incallPath(id), &i); err != nil || !there {
		return record.Holder{}, err
	}
	thing, remedy := fmt.Sprintf("incall %d", id), fmt.Sprintf("incall %d, extension %d", id, extension)
	switch i.Destination.Type {
	case "user":
		who, err := c.userByID(ctx, i.Destination.UserID)
		return heldBy(thing, remedy, who), err
	case "voicemail":
		who, err := c.usersOfMailbox(ctx, i.Destination.VoicemailID)
		return heldBy(fmt.Sprintf("%s to mailbox %d", thing, i.Destination.VoicemailID), remedy, who), err
	}
	return record.Holder{Thing: thing + " leading to: " + i.Destination.Type, Remedy: remedy}, nil
}

func (c *Client) ownerOfMailbox(ctx context.Context, value string) (record.Holder, error) {
	m, err := c.mailboxAt(ctx, value)
	if err != nil || m == nil {
		return record.Holder{}, err
	}
	who, err := c.usersOfMailbox(ctx, m.ID)
	return heldBy(fmt.Sprintf("mailbox %d", m.ID), fmt.Sprintf("mailbox %d, with its messages", m.ID), who), err
}

// usersOfMailbox lists who has a mailbox.
func (c *Client) usersOfMailbox(ctx context.Context, id int) (who []record.Record, err error) {
	type link struct {
		UserID uint64 `json:"user_id"`
	}
	links, err := listOf[link](ctx, c, mailboxPath(id)+"/users", nil)
	if gone(err) {
		return nil, nil
	}
	for _, l := range links {
		u, err := c.userByID(ctx, l.UserID)
		if err != nil {
			return nil, err
		}
		who = append(who, u...)
	}
	return who, err
}

func (c *Client) ownerOfSIP(ctx context.Context, username string) (record.Holder, error) {
	s, err := c.sipByName(ctx, username)
	switch {
	case err != nil || s == nil:
		return record.Holder{}, err
	case s.Line != nil:
		return c.ownerOfLine(ctx, s.Line.ID, fmt.Sprintf("SIP endpoint %d", s.ID))
	case s.Trunk != nil:
		return record.Holder{Thing: fmt.Sprintf("trunk %d", s.Trunk.ID), Remedy: fmt.Sprintf("trunk %d", s.Trunk.ID)}, nil
	}
	return heldBy(fmt.Sprintf("SIP endpoint %d", s.ID), fmt.Sprintf("SIP endpoint %d", s.ID), nil), nil
}

// ownerOfAgent asks the directory view who has the agent: nothing filters by it.
func (c *Client) ownerOfAgent(ctx context.Context, number string) (record.Holder, error) {
	id, err := c.agentAt(ctx, number)
	if err != nil || id == 0 {
		return record.Holder{}, err
	}
	var people *roster
	a := survey[1]
	err = c.read(ctx, get(a.path, a.query), func(r io.Reader) error {
		people = newRoster([]string{"firstname", "lastname", "agent.id"})
		return a.decode(r, 1, people)
	})
	if err != nil {
		return record.Holder{}, err
	}
	var who []record.Record
	for i := range people.people {
		if people.evidence(i)[agentID] == strconv.Itoa(id) {
			u := c.record(people, i, 1)
			u.Values, u.Doubtful = nil, false
			who = append(who, u)
		}
	}
	return heldBy(fmt.Sprintf("agent %d", id), fmt.Sprintf("agent %d", id), who), nil
}
