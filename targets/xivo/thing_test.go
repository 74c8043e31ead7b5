package xivo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// allThings are the fields of the tests about things.
var allThings = []string{"firstname", "lastname", "email", "caller_id", "extension", "did", "voicemail", "agent", "cti", "entity"}

// switchboard starts a XiVO of that version with a client that maps everything.
func switchboard(t testing.TB, version string, change ...func(*Config)) *house {
	t.Helper()
	return live(t, xivosim.Options{Version: version}, append([]func(*Config){func(c *Config) { c.Fields = allThings }}, change...)...)
}

// versions runs a test against each XiVO.
func versions(t *testing.T, test func(t *testing.T, version string)) {
	for _, version := range []string{xivosim.Version1614, xivosim.Version1616} {
		t.Run(version, func(t *testing.T) { test(t, version) })
	}
}

// thing makes a change of a thing from triples of field, before and after.
func thing(kind record.Thing, op record.Op, user string, triples ...string) record.Change {
	ch := record.Change{Side: record.XiVO, Thing: kind, Op: op, Key: user, Fields: map[string]record.Delta{}, Person: record.Person{Name: "Test"}}
	for i := 0; i < len(triples); i += 3 {
		secret := strings.HasSuffix(triples[i], "secret") || strings.HasSuffix(triples[i], "password")
		ch.Fields[triples[i]] = record.Delta{Attribute: triples[i], Before: record.Text(triples[i+1]), After: record.Text(triples[i+2]), Secret: secret}
	}
	return ch
}

const (
	sipSecret = "topsecret-sip"
	pin       = "987654321"
)

// newExtension, newVoicemail and newDID are the creations of the tests.
func newExtension(user, value, key string) record.Change {
	return thing(record.Extension, record.Create, user, "extension", "", value, "sip_username", "", "u"+key, "sip_secret", "", sipSecret, "provisioning_code", "", key)
}

func newVoicemail(user, value string) record.Change {
	return thing(record.Voicemail, record.Create, user, "voicemail", "", value, "voicemail_password", "", pin, "voicemail_email", "", "a@x.test")
}

func newDID(user, value, key string) record.Change {
	return thing(record.DID, record.Create, user, "did", "", value, "incall_description", "", key)
}

// must applies changes that have to succeed.
func (h *house) must(t testing.TB, changes ...record.Change) (r record.Record) {
	t.Helper()
	var err error
	for _, ch := range changes {
		if r, err = h.Apply(context.Background(), ch); err != nil {
			t.Fatalf("%s %s: %v", ch.Op, ch.Thing, err)
		}
	}
	return r
}

// equipped makes a user with a line, a mailbox and a DID.
func (h *house) equipped(t testing.TB, name, number string) record.Record {
	t.Helper()
	u := h.create(t, "firstname", name, "lastname", "X", "description", "guid-"+name, "username", "user."+name, "password", "pass."+name)
	return h.must(t,
		newExtension(u.ID, number+"@default", "1"+number+"0"),
		newVoicemail(u.ID, number+"@default"),
		newDID(u.ID, "4"+number[1:]+"@from-extern", "xivosync "+name))
}

// content is what the simulated XiVO holds, without the counters of ids.
type content struct {
	Users      []map[string]any     `json:"users"`
	Lines      []*xivosim.Line      `json:"lines"`
	SIP        []*xivosim.SIP       `json:"endpoints_sip"`
	Extensions []*xivosim.Extension `json:"extensions"`
	Voicemails []*xivosim.Voicemail `json:"voicemails"`
	Incalls    []*xivosim.Incall    `json:"incalls"`
	UserLines  []map[string]any     `json:"user_lines"`
	LineExtens []map[string]any     `json:"line_extensions"`
	Agents     []*xivosim.Agent     `json:"agents"`
	Queues     []*xivosim.Queue     `json:"queues"`
}

func (h *house) content(t testing.TB) content {
	t.Helper()
	var b bytes.Buffer
	if err := h.sim.Dump(&b); err != nil {
		t.Fatal(err)
	}
	var c content
	if err := json.Unmarshal(b.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	services := c.Extensions[:0]
	for _, x := range c.Extensions {
		if x.Context != "xivo-features" {
			services = append(services, x)
		}
	}
	c.Extensions = services
	return c
}

// sent returns the requests to confd since the last call, as METHOD PATH.
func (h *house) sent() (list []string) {
	for _, r := range h.sim.Log() {
		list = append(list, r.Method+" "+strings.TrimPrefix(r.Path, "/1.1"))
	}
	h.sim.ResetLog()
	return list
}

// facts tells the content by natural keys, so that what was taken down and made
// again counts as the same. The name of a mailbox is XiVO's own affair.
func (c content) facts() []string {
	var facts []string
	add := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	names, lines, users, boxes, incalls := map[int]string{0: ""}, map[int]string{}, map[int]string{}, map[int]string{0: ""}, map[int]string{}
	for _, s := range c.SIP {
		names[s.ID] = s.Username
		add("sip %s/%s", s.Username, s.Secret)
	}
	for _, l := range c.Lines {
		lines[l.ID] = l.ProvisioningCode
		add("line %s in %s with %q device %q", l.ProvisioningCode, l.Context, names[l.EndpointID], l.DeviceID)
	}
	for _, v := range c.Voicemails {
		boxes[v.ID] = v.Number
		add("mailbox %s@%s %s %s %s %s enabled %t", v.Number, v.Context, v.Email, v.Password, v.Language, v.Timezone, v.Enabled)
	}
	agents := map[int]string{}
	for _, a := range c.Agents {
		agents[a.ID] = a.Number
		add("agent %s %s %s %s %d", a.Number, a.Firstname, a.Lastname, a.Language, a.Group)
	}
	for _, u := range c.Users {
		users[asInt(u["id"])] = fmt.Sprint(u["firstname"])
		add("user %v mailbox %s cti %v/%v agent %v entity %v", u["firstname"], boxes[asInt(u["voicemail_id"])], u["cti_enabled"], u["cti_profile_id"], agents[asInt(u["agent_id"])], u["entity_id"])
	}
	for _, i := range c.Incalls {
		incalls[i.ID] = i.Description
		user, _ := i.Destination.Args["user_id"].(int)
		box, _ := i.Destination.Args["voicemail_id"].(int)
		add("incall %q to %s %s%s ring %v caller id %s %s subroutine %s", i.Description, i.Destination.Type, users[user], boxes[box], i.Destination.Args["ring_time"], i.CallerIDMode, i.CallerIDName, i.Subroutine)
	}
	numbers := map[int]string{}
	for _, x := range c.Extensions {
		numbers[x.ID] = x.Exten
		owner := ""
		if x.Owner == "incall" {
			owner = incalls[x.OwnerID]
		}
		add("extension %s@%s commented %t of %s %q", x.Exten, x.Context, x.Commented, x.Owner, owner)
	}
	for _, l := range c.UserLines {
		add("line %s of %s main %v/%v", lines[asInt(l["line_id"])], users[asInt(l["user_id"])], l["main_user"], l["main_line"])
	}
	for _, l := range c.LineExtens {
		add("extension %s on line %s", numbers[asInt(l["extension_id"])], lines[asInt(l["line_id"])])
	}
	for _, q := range c.Queues {
		for agent, penalty := range q.Members {
			add("queue %s with %s:%d", q.Name, agents[agent], penalty)
		}
	}
	slices.Sort(facts)
	return facts
}

func asInt(v any) int {
	n, _ := v.(float64)
	return int(n)
}
