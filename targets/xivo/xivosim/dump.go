package xivosim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// saved is the whole content as Dump writes it. Rows are in the order in which
// the tables hold them; Next keeps ids from being given twice.
type saved struct {
	UUID        string         `json:"uuid"`
	LiveReload  bool           `json:"live_reload"`
	Timezones   []string       `json:"timezones"`
	AgentGroups []int          `json:"agent_groups,omitempty"`
	Registrars  []string       `json:"registrars"`
	Templates   int            `json:"func_key_templates"`
	FuncKeys    int            `json:"func_keys"`
	Next        map[string]int `json:"next_ids"`

	Entities    []*Entity         `json:"entities"`
	Contexts    []*Context        `json:"contexts"`
	Profiles    []*Profile        `json:"cti_profiles"`
	Users       []*User           `json:"users"`
	Lines       []*Line           `json:"lines"`
	SIP         []*SIP            `json:"endpoints_sip"`
	SCCP        []*Endpoint       `json:"endpoints_sccp"`
	Custom      []*Endpoint       `json:"endpoints_custom"`
	Extensions  []*Extension      `json:"extensions"`
	Voicemails  []*Voicemail      `json:"voicemails"`
	Incalls     []*Incall         `json:"incalls"`
	UserLines   []*UserLine       `json:"user_lines"`
	LineExtens  []*LineExten      `json:"line_extensions"`
	Agents      []*Agent          `json:"agents"`
	Queues      []*Queue          `json:"queues"`
	Devices     []*Device         `json:"devices"`
	Groups      []*Group          `json:"groups"`
	Permissions []*CallPermission `json:"call_permissions"`
}

// shelf moves one table into and out of a saved content.
type shelf struct {
	name  string
	store func(*saved)
	load  func(*saved) error
}

// mostRows bounds the ids that are read: a table has a place for each.
const mostRows = 10_000_000

func shelfOf[T any](name string, t *table[T], rows func(*saved) *[]*T, id func(*T) int) shelf {
	return shelf{
		name: name,
		store: func(d *saved) {
			*rows(d) = []*T{}
			for row := range t.all() {
				*rows(d) = append(*rows(d), row)
			}
			d.Next[name] = t.next
		},
		load: func(d *saved) error {
			for _, row := range *rows(d) {
				if row == nil || id(row) < 1 || id(row) > mostRows {
					return fmt.Errorf("%s: a row without an id between 1 and %d", name, mostRows)
				}
				t.write(id(row), row)
			}
			t.next = max(t.next, d.Next[name])
			return nil
		},
	}
}

func (c *content) shelves() []shelf {
	return []shelf{
		shelfOf("entities", c.entities, func(d *saved) *[]*Entity { return &d.Entities }, func(r *Entity) int { return r.ID }),
		shelfOf("contexts", c.contexts, func(d *saved) *[]*Context { return &d.Contexts }, func(r *Context) int { return r.ID }),
		shelfOf("cti_profiles", c.profiles, func(d *saved) *[]*Profile { return &d.Profiles }, func(r *Profile) int { return r.ID }),
		shelfOf("users", c.users, func(d *saved) *[]*User { return &d.Users }, func(r *User) int { return r.ID }),
		shelfOf("lines", c.lines, func(d *saved) *[]*Line { return &d.Lines }, func(r *Line) int { return r.ID }),
		shelfOf("endpoints_sip", c.sip, func(d *saved) *[]*SIP { return &d.SIP }, func(r *SIP) int { return r.ID }),
		shelfOf("endpoints_sccp", c.plain["sccp"], func(d *saved) *[]*Endpoint { return &d.SCCP }, func(r *Endpoint) int { return r.ID }),
		shelfOf("endpoints_custom", c.plain["custom"], func(d *saved) *[]*Endpoint { return &d.Custom }, func(r *Endpoint) int { return r.ID }),
		shelfOf("extensions", c.extensions, func(d *saved) *[]*Extension { return &d.Extensions }, func(r *Extension) int { return r.ID }),
		shelfOf("voicemails", c.voicemails, func(d *saved) *[]*Voicemail { return &d.Voicemails }, func(r *Voicemail) int { return r.ID }),
		shelfOf("incalls", c.incalls, func(d *saved) *[]*Incall { return &d.Incalls }, func(r *Incall) int { return r.ID }),
		shelfOf("user_lines", c.userLines, func(d *saved) *[]*UserLine { return &d.UserLines }, func(r *UserLine) int { return r.ID }),
		shelfOf("line_extensions", c.lineExtens, func(d *saved) *[]*LineExten { return &d.LineExtens }, func(r *LineExten) int { return r.ID }),
		shelfOf("agents", c.agents, func(d *saved) *[]*Agent { return &d.Agents }, func(r *Agent) int { return r.ID }),
		shelfOf("queues", c.queues, func(d *saved) *[]*Queue { return &d.Queues }, func(r *Queue) int { return r.ID }),
		shelfOf("devices", c.devices, func(d *saved) *[]*Device { return &d.Devices }, func(r *Device) int { return r.Seq }),
		shelfOf("groups", c.groups, func(d *saved) *[]*Group { return &d.Groups }, func(r *Group) int { return r.ID }),
		shelfOf("call_permissions", c.permissions, func(d *saved) *[]*CallPermission { return &d.Permissions }, func(r *CallPermission) int { return r.ID }),
	}
}

// Dump writes the whole content as JSON; tokens, faults and the log are not
// in it. Load reads it back.
func (s *Sim) Dump(w io.Writer) error {
	d := &saved{Next: map[string]int{}}
	s.mu.Lock()
	c := s.content
	d.UUID, d.LiveReload, d.Timezones, d.Registrars = c.uuid, c.liveReload, c.timezones, c.registrars
	d.AgentGroups = c.agentGroups
	d.Templates, d.FuncKeys = c.templates, c.funcKeys
	for _, sh := range c.shelves() {
		sh.store(d)
	}
	s.mu.Unlock() // rows never change: they can be written without it
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("dump simulated XiVO: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("dump simulated XiVO: %w", err)
	}
	return nil
}

// Load replaces the content by what Dump wrote. On an error the content is as
// it was.
func (s *Sim) Load(r io.Reader) error {
	var d saved
	dec := json.NewDecoder(bufio.NewReader(r))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		return fmt.Errorf("load simulated XiVO: %w", err)
	}
	c := newContent()
	c.uuid, c.liveReload, c.timezones, c.registrars = d.UUID, d.LiveReload, d.Timezones, d.Registrars
	c.agentGroups = d.AgentGroups
	c.templates, c.funcKeys = d.Templates, d.FuncKeys
	for _, sh := range c.shelves() {
		if err := sh.load(&d); err != nil {
			return fmt.Errorf("load simulated XiVO: %w", err)
		}
	}
	for _, u := range d.Users {
		for position, k := range u.Keys {
			k.Destination = readDestination(k.Destination)
			u.Keys[position] = k
		}
	}
	if err := c.sound(); err != nil {
		return fmt.Errorf("load simulated XiVO: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = c
	return nil
}

// sound tells whether everything that is referred to is there.
func (c *content) sound() error {
	for l := range c.userLines.all() {
		if c.users.get(l.UserID) == nil || c.lines.get(l.LineID) == nil {
			return fmt.Errorf("user_lines %d: no user %d or no line %d", l.ID, l.UserID, l.LineID)
		}
	}
	for l := range c.lineExtens.all() {
		if c.lines.get(l.LineID) == nil || c.extensions.get(l.ExtenID) == nil {
			return fmt.Errorf("line_extensions %d: no line %d or no extension %d", l.ID, l.LineID, l.ExtenID)
		}
	}
	for g := range c.groups.all() {
		for _, id := range g.UserIDs {
			if c.users.get(id) == nil {
				return fmt.Errorf("group %d: no user %d", g.ID, id)
			}
		}
	}
	for u := range c.users.all() {
		for _, id := range u.PermissionIDs {
			if c.permissions.get(id) == nil {
				return fmt.Errorf("user %d: no call permission %d", u.ID, id)
			}
		}
		if u.VoicemailID != 0 && c.voicemails.get(u.VoicemailID) == nil {
			return fmt.Errorf("user %d: no voicemail %d", u.ID, u.VoicemailID)
		}
	}
	return nil
}
