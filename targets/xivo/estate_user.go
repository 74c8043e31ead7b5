package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"xivosync/reconcile/record"
)

// leaver is a user who is to be deleted, as XiVO holds him.
type leaver struct {
	record.Leaver
	record.Estate
	serial  uint64
	mailbox int
	// extension is the own internal number, without its context.
	extension string
}

// Estates tells what there is to users who are to be deleted: what keeps them
// from it, and which of the pointers that are known still lead to them. A user
// who is gone has an empty estate.
func (c *Client) Estates(ctx context.Context, leavers []record.Leaver) ([]record.Estate, error) {
	estates := make([]record.Estate, len(leavers))
	for i := range leavers {
		l, err := c.visit(ctx, leavers[i])
		if err != nil {
			return nil, err
		}
		if l.serial != 0 && len(l.Obstacles) == 0 {
			if err := c.recheck(ctx, l); err != nil {
				return nil, classified("what leads to "+userObject(l.User), err)
			}
		}
		estates[i] = l.Estate
	}
	return estates, nil
}

// visit looks at a user, if there is one.
func (c *Client) visit(ctx context.Context, who record.Leaver) (*leaver, error) {
	l := &leaver{Leaver: who}
	if err := c.look(ctx, l); err != nil && !gone(err) && record.ClassOf(err) != record.Missing {
		return nil, classified("what belongs to "+userObject(l.User), err)
	}
	return l, nil
}

// obstacle adds what keeps the user from being deleted.
func (l *leaver) obstacle(format string, args ...any) {
	l.Obstacles = append(l.Obstacles, fmt.Sprintf(format, args...))
}

// look reads what belongs to the user.
func (c *Client) look(ctx context.Context, l *leaver) error {
	body, err := c.userBody(ctx, l.User)
	if err != nil {
		return err
	}
	u, err := c.userOf(body, l.User, nil)
	if err != nil {
		return err
	}
	l.Lost = []string{"uuid and id of the user", "memberships in queues as a user", "schedules", "call filters"}
	if err := c.lookAtLines(ctx, l, body); err != nil {
		return err
	}
	if err := c.lookAtMailbox(ctx, l); err != nil {
		return err
	}
	l.serial = u.Serial
	return nil
}

// lookAtLines wants the user to have no line, or one of his own that can be
// taken down.
func (c *Client) lookAtLines(ctx context.Context, l *leaver, body []byte) error {
	var told struct {
		Lines []line `json:"lines"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return fmt.Errorf("a user with lines of another shape: %w", err)
	}
	if len(told.Lines) == 0 {
		return nil
	}
	w, err := c.wiringOf(ctx, body)
	if err != nil {
		return err
	}
	main := told.Lines[0]
	switch {
	case w.foreign != "":
		l.obstacle("%s: take the line off the user in XiVO", w.foreign)
	case len(told.Lines) > 1:
		l.obstacle("the user has %d lines, of which one is managed: take off %s in XiVO", len(told.Lines), lineList(told.Lines[1:]))
	case !c.manages("extension"):
		l.obstacle("line %d is on the user, and extension is not among the fields: take the line off in XiVO, or map extension", main.ID)
	case main.SIP == nil:
		l.obstacle("line %d has no SIP endpoint: take the line off the user in XiVO", main.ID)
	default:
		l.extension = main.Extensions[0].Exten
		return c.lookAtLine(ctx, l, main)
	}
	return nil
}

// lookAtLine looks for a phone on the line, and for others who have its number.
func (c *Client) lookAtLine(ctx context.Context, l *leaver, main line) error {
	var on struct {
		Device *string `json:"device_id"`
	}
	if err := c.ask(ctx, get(linePath(main.ID), nil), &on); err != nil {
		return err
	}
	if on.Device != nil && *on.Device != "" {
		l.obstacle("the device %s is on line %d: reset it to autoprov in XiVO, or take it off the line", *on.Device, main.ID)
	}
	lines, err := c.tally(ctx, extensionPath(main.Extensions[0].ID)+"/lines")
	if lines > 1 {
		l.obstacle("the number %s is on %d lines: take it off the others in XiVO", main.Extensions[0].value(), lines)
	}
	return err
}

func lineList(lines []line) string {
	var texts []string
	for _, one := range lines {
		texts = append(texts, fmt.Sprintf("line %d", one.ID))
	}
	return strings.Join(texts, ", ")
}

// lookAtMailbox wants the user to have no mailbox, or one of his own.
func (c *Client) lookAtMailbox(ctx context.Context, l *leaver) error {
	id, err := c.mailboxOf(ctx, l.User)
	if err != nil || id == 0 {
		return err
	}
	if !c.manages("voicemail") {
		l.obstacle("mailbox %d is the user's, and voicemail is not among the fields: take it off the user in XiVO, or map voicemail", id)
		return nil
	}
	m, foreign, err := c.ownMailbox(ctx, l.User)
	switch {
	case err != nil:
		return err
	case foreign != "":
		l.obstacle("%s: take it off the user in XiVO", foreign)
	case m != nil:
		l.mailbox = m.ID
		l.Lost = append(l.Lost, "the messages in mailbox "+m.value())
	}
	return nil
}
