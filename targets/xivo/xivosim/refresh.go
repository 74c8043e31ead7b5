package xivosim

import "strings"

// nameVoicemail gives a user's mailbox his name, whoever else shares it.
func (c *content) nameVoicemail(u *User) {
	if old := c.voicemails.get(u.VoicemailID); old != nil {
		v := *old
		v.Name = u.fullName()
		c.voicemails.put(v.ID, &v)
	}
}

// refreshLine brings what is derived up to date after a change around a line:
// its context follows its extension, its endpoint's caller id is built from
// the main user and the number, the extension belongs to the main user.
func (c *content) refreshLine(lineID int) {
	line, exten, user := c.lines.get(lineID), c.mainExten(lineID), c.mainUser(lineID)
	if line == nil || exten == nil {
		return
	}
	if line.Context != exten.Context {
		moved := *line
		moved.Context = exten.Context
		c.lines.put(lineID, &moved)
	}
	if user == nil {
		return
	}
	if exten.Owner != "user" || exten.OwnerID != user.ID {
		owned := *exten
		owned.Owner, owned.OwnerID = "user", user.ID
		c.extensions.put(owned.ID, &owned)
	}
	if old := c.sip.get(line.EndpointID); old != nil && line.Endpoint == "sip" {
		s := *old
		s.CallerID = callerID(user, exten)
		if s.CallerID != old.CallerID {
			c.sip.put(s.ID, &s)
		}
	}
}

// callerID is what a phone shows: the user's name, and the number he asks for
// or else the line's.
func callerID(u *User, exten *Extension) string {
	name, number := splitCallerID(u.CallerID)
	if number == "" {
		number = exten.Exten
	}
	return joinCallerID(name, number)
}

func joinCallerID(name, number string) string {
	if number == "" {
		return `"` + name + `"`
	}
	return `"` + name + `" <` + number + ">"
}

// splitCallerID takes `"name" <number>` apart; the number may be missing.
func splitCallerID(s string) (name, number string) {
	if rest, ok := strings.CutSuffix(s, ">"); ok {
		if i := strings.LastIndex(rest, `" <`); i >= 0 {
			s, number = rest[:i+1], rest[i+3:]
		}
	}
	return strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`), number
}
