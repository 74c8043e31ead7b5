package xivosim

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Person is a user to be seeded with what surrounds him. Empty parts are left
// out: no Exten is no line.
type Person struct {
	Firstname, Lastname, Email  string
	Username, Password          string
	Mobile, Description         string
	Userfield, OutgoingCallerID string
	Exten                       string // in context default
	DID                         string // in context from-extern
	Voicemail                   string // mailbox number in context default
	CTIProfileID                int    // 0 for none; enabled when given
}

// Seed makes people at once, without requests and without the log knowing.
// It refuses what the API would refuse: numbers out of range or taken,
// addresses and logins that others have; who came before stays.
func (s *Sim) Seed(people iter.Seq[Person]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{content: s.content, sim: s}
	for p := range people {
		if err := c.seedPerson(p); err != nil {
			s.content.rollback()
			return fmt.Errorf("seed %s %s: %w", p.Firstname, p.Lastname, err)
		}
		s.content.commit()
	}
	return nil
}

// SeedUsers makes n people with everything: names, address, login, line,
// internal number, DID, voicemail and CTI profile. It widens the ranges of
// contexts default and from-extern to have numbers enough.
func (s *Sim) SeedUsers(n int) error {
	s.mu.Lock()
	for _, name := range []string{"default", "from-extern"} {
		x := *s.content.contextNamed(name)
		wide := Range{Start: "1000000", End: "1999999"}
		if x.Type == "incall" {
			x.Incalls = append(x.Incalls[:len(x.Incalls):len(x.Incalls)], wide)
		} else {
			x.Users = append(x.Users[:len(x.Users):len(x.Users)], wide)
		}
		s.content.contexts.put(x.ID, &x)
	}
	s.content.commit()
	s.mu.Unlock()
	return s.Seed(Crowd(n))
}

var (
	crowdFirst = []string{"Alice", "Bruno", "Chloé", "David", "Élodie", "Farid", "Gwenaëlle", "Hugo", "Inès", "Jules", "Karim", "Léa"}
	crowdLast  = []string{"Martin", "Bernard", "Lefèvre", "D'Arc", "O'Brien", "Nguyen", "Petit", "Roux", "Blanc", "Garcia", "Ben Ali", "Müller", "Schmitt"}
)

// Crowd yields n different people, the same at every call.
func Crowd(n int) iter.Seq[Person] {
	return func(yield func(Person) bool) {
		for i := range n {
			id, number := strconv.Itoa(i+1), strconv.Itoa(1000000+i)
			p := Person{
				Firstname: crowdFirst[i%len(crowdFirst)],
				Lastname:  crowdLast[i/len(crowdFirst)%len(crowdLast)] + " " + id,
				Email:     "user" + id + "@example.test", Username: "user" + id, Password: "password" + id,
				Mobile: "06" + strings.Repeat("0", max(0, 8-len(id))) + id, Description: "guid-" + id, Userfield: "key-" + id,
				OutgoingCallerID: "default", Exten: number, DID: number, Voicemail: number, CTIProfileID: 3,
			}
			if !yield(p) {
				return
			}
		}
	}
}

func (c *call) seedPerson(p Person) error {
	u, err := c.createUser(func(u *User) {
		u.Firstname, u.Lastname, u.Username, u.Password = p.Firstname, p.Lastname, p.Username, p.Password
		u.Mobile, u.Description, u.Userfield, u.OutgoingCallerID = p.Mobile, p.Description, p.Userfield, p.OutgoingCallerID
		u.CTIProfileID, u.CTIEnabled = p.CTIProfileID, p.CTIProfileID != 0
		if p.Email != "" {
			u.Email = &p.Email
		}
	})
	if err != nil {
		return err
	}
	for _, part := range []func(*User, Person) error{c.seedVoicemail, c.seedPhone, c.seedDID} {
		if err := part(c.users.get(u.ID), p); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) seedVoicemail(u *User, p Person) error {
	if p.Voicemail == "" {
		return nil
	}
	v, err := c.createVoicemail(func(v *Voicemail) {
		v.Name, v.Number, v.Context = u.fullName(), p.Voicemail, "default"
	})
	if err != nil {
		return err
	}
	return c.attachVoicemail(u, v.ID)
}

func (c *call) seedPhone(u *User, p Person) error {
	if p.Exten == "" {
		return nil
	}
	s, err := c.createSIP(func(*SIP) {})
	if err != nil {
		return err
	}
	l, err := c.createLine(func(l *lineBody) { l.Context = "default" })
	if err != nil {
		return err
	}
	if err := c.attachEndpoint(l, "sip", s.ID); err != nil {
		return err
	}
	if _, err := c.attachLine(u, c.lines.get(l.ID)); err != nil {
		return err
	}
	e := &Extension{Exten: p.Exten, Context: "default", Owner: "user"}
	if err := c.createExtension(e); err != nil {
		return err
	}
	return c.attachExtension(c.lines.get(l.ID), e)
}

func (c *call) seedDID(u *User, p Person) error {
	if p.DID == "" {
		return nil
	}
	i := &Incall{Destination: Target{"user", map[string]any{"user_id": u.ID, "ring_time": nil}}}
	c.createIncall(i)
	e := &Extension{Exten: p.DID, Context: "from-extern", Owner: "user"}
	if err := c.createExtension(e); err != nil {
		return err
	}
	return c.attachNumber(i, e)
}
