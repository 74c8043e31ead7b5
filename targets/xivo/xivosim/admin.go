package xivosim

import "fmt"

// What follows is what an administrator can do in the web interface or on the
// machine, and confd cannot.

// Users returns every user, oldest first.
func (s *Sim) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, 0, s.content.users.len())
	for _, id := range s.content.users.byID() {
		users = append(users, *s.content.users.get(id))
	}
	return users
}

// PutContext makes a context or replaces the one of that name.
func (s *Sim) PutContext(x Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.content.contextNamed(x.Name); old != nil {
		x.ID = old.ID
	} else {
		x.ID = s.content.contexts.newID()
	}
	s.content.contexts.put(x.ID, &x)
	s.content.commit()
}

// DisableLine sets the flag of a line that only the web interface shows.
func (s *Sim) DisableLine(lineID int, disabled bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.content.lines.get(lineID)
	if old == nil {
		return fmt.Errorf("disable line %d: no such line", lineID)
	}
	l := *old
	l.Disabled = disabled
	s.content.lines.put(lineID, &l)
	s.content.commit()
	return nil
}

// AddLineExtension gives a line a further extension, which confd refuses. With
// main the line has several main extensions, as the web interface makes them.
func (s *Sim) AddLineExtension(lineID, extenID int, main bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.content
	if c.lines.get(lineID) == nil || c.extensions.get(extenID) == nil {
		return fmt.Errorf("add extension %d to line %d: no such line or extension", extenID, lineID)
	}
	id := c.lineExtens.newID()
	c.lineExtens.put(id, &LineExten{ID: id, LineID: lineID, ExtenID: extenID, Main: main})
	c.commit()
	return nil
}

// AddTimezone makes a voicemail time zone known.
func (s *Sim) AddTimezone(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content.timezones = append(s.content.timezones, name)
}

// AddAgentGroup makes a group of agents known, beside the first that is always
// there.
func (s *Sim) AddAgentGroup(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content.agentGroups = append(s.content.agentGroups, number)
}
