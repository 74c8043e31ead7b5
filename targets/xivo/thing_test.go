package xivo

import (
	"bytes"
	"context"
	"encoding/json"
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
