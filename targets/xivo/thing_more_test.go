package xivo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

func TestMailboxOptions(t *testing.T) {
	h := switchboard(t, xivosim.Version1614)
	u := h.create(t, "firstname", "Ann")
	h.must(t, thing(record.Voicemail, record.Create, u.ID, "voicemail", "", "12@default", "voicemail_name", "", `<b>"Box"`, "voicemail_email", "", "a@x.test",
		"voicemail_password", "", pin, "voicemail_language", "", "fr_FR", "voicemail_timezone", "", "eu-fr"))
	h.wantFact(t, "mailbox 12@default a@x.test "+pin+" fr_FR eu-fr enabled true")
	if got := h.content(t).Voicemails[0].Name; got != `<b>"Box"` {
		t.Errorf("name %q", got)
	}
	ch := thing(record.Voicemail, record.Update, u.ID, "voicemail_email", "a@x.test", "", "voicemail_password", pin, "1111", "voicemail_language", "fr_FR", "de_DE")
	h.sim.ResetLog()
	h.must(t, ch)
	if diff := cmp.Diff([]string{"PUT /voicemails/1"}, onlyWrites(h.sent())); diff != "" {
		t.Error(diff)
	}
	h.wantFact(t, "mailbox 12@default  1111 de_DE eu-fr enabled true")
	_, err := h.Apply(t.Context(), thing(record.Voicemail, record.Update, u.ID, "voicemail_email", "a@x.test", "b@x.test"))
	wantClass(t, err, record.Stale, "email")
	off := thing(record.Voicemail, record.Deactivate, u.ID, "voicemail", "12@default", "12@default")
	h.must(t, off, off)
	h.wantFact(t, "mailbox 12@default  1111 de_DE eu-fr enabled false")
	if r := h.all(t, record.Survey)[0]; r.Doubtful || r.Values["voicemail"].First() != "12@default" {
		t.Errorf("surveyed: %+v", r)
	}
	off.Op = record.Reactivate
	h.must(t, off)
	h.wantFact(t, "mailbox 12@default  1111 de_DE eu-fr enabled true")
}

func TestDIDOptions(t *testing.T) {
	h := switchboard(t, xivosim.Version1614)
	u := h.equipped(t, "Ann", "1001")
	h.must(t, thing(record.DID, record.Create, u.ID, "did", "", "4900@from-extern", "incall_description", "", "xivosync 7/1", "did_ring_time", "", "12.5",
		"did_caller_id_mode", "", "prepend", "did_caller_id_name", "", "Ext ", "did_subroutine", "", "sub"))
	h.wantFact(t, `incall "xivosync 7/1" to user Ann ring 12.5 caller id prepend Ext  subroutine sub`)
	box := thing(record.DID, record.Create, u.ID, "did", "", "4901@from-extern", "incall_description", "", "xivosync 7/2", "did_destination", "", "voicemail")
	r := h.must(t, box)
	h.wantFact(t, `incall "xivosync 7/2" to voicemail 1001`)
	// Its own reading back tells it, since nothing else does.
	want := record.Value{"4001@from-extern", "4900@from-extern", "4901@from-extern"}
	if diff := cmp.Diff(want, r.Values["did"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	off := thing(record.DID, record.Deactivate, u.ID, "did", "4901@from-extern", "4901@from-extern")
	h.must(t, off)
	h.wantFact(t, "extension 4901@from-extern commented true")
	h.must(t, thing(record.DID, record.Update, u.ID, "did", "4901@from-extern", "4902@from-extern"))
	h.must(t, thing(record.DID, record.Delete, u.ID, "did", "4902@from-extern", ""))
	for _, f := range h.content(t).facts() {
		if strings.Contains(f, "7/2") || strings.Contains(f, "490[12]") {
			t.Error(f)
		}
	}
}

func TestProfilesAndEntities(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		h.post(t, "/entities", map[string]any{"name": "branch"})
		u := h.create(t, "firstname", "Ann", "username", "ann", "password", "secret1")
		for _, step := range []struct {
			change record.Change
			field  string
			want   string
			writes int
		}{
			{thing(record.CTI, record.Create, u.ID, "cti", "", "Client"), "cti", "Client", 1},
			{thing(record.CTI, record.Update, u.ID, "cti", "Client", "Agent"), "cti", "Agent", 1},
			{thing(record.CTI, record.Deactivate, u.ID, "cti", "Agent", ""), "cti", "", 1},
			{thing(record.CTI, record.Delete, u.ID, "cti", "Agent", ""), "cti", "", 0},
			{thing(record.CTI, record.Reactivate, u.ID, "cti", "", "Agent"), "cti", "Agent", 1},
			{thing(record.Entity, record.Update, u.ID, "entity", "xivotest", "branch"), "entity", "branch", 1},
			{thing(record.Entity, record.Create, u.ID, "entity", "", "branch"), "entity", "branch", 0},
		} {
			h.sim.ResetLog()
			r := h.must(t, step.change)
			if got := r.Values[step.field].First(); got != step.want {
				t.Errorf("%s: %q, want %q", step.field, got, step.want)
			}
			if writes := onlyWrites(h.sent()); len(writes) != step.writes {
				t.Errorf("%s to %q: %q", step.field, step.want, writes)
			}
		}
	})
}

// What answers 204 and changes nothing (recording 27) shows in the record.
func TestIgnoredChangesOfThingsShow(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	u := h.equipped(t, "Ann", "1001")
	h.sim.Inject(xivosim.Fault{Method: "PUT", Effect: xivosim.Ignore})
	for _, ch := range []record.Change{
		renumbered(u.ID, "1001@default", "1002@default"),
		thing(record.Voicemail, record.Update, u.ID, "voicemail", "1001@default", "7@default"),
		thing(record.DID, record.Update, u.ID, "did", "4001@from-extern", "4005@from-extern"),
		thing(record.CTI, record.Update, u.ID, "cti", "", "Client"),
	} {
		r := h.must(t, ch)
		name := string(ch.Thing)
		if v, told := r.Values[name]; !told || !v.Equal(ch.Fields[name].Before) {
			t.Errorf("%s: %q, told %t", name, v, told)
		}
	}
}

// A deletion whose keys nobody gave is found as long as the number is on the
// line, and said to be unknown when it is not.
func TestResumeWithoutKeys(t *testing.T) {
	for name, tc := range map[string]struct {
		writes int
		step   record.Step
	}{
		"nothing done":       {0, record.Undone},
		"the user taken off": {1, record.Done},
		"the number as well": {2, record.Unknown},
		"all gone but line":  {4, record.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			h := switchboard(t, xivosim.Version1614)
			u := h.equipped(t, "Ann", "1001")
			ch := thing(record.Extension, record.Delete, u.ID, "extension", "1001@default", "")
			h.dieAfter(tc.writes, ch)
			step, _, err := h.Resume(t.Context(), ch)
			if step != tc.step || (err != nil) != (step == record.Unknown) {
				t.Errorf("%q, %v", step, err)
			}
			if step == record.Unknown {
				wantClass(t, err, record.Uncertain, "sip_username")
			}
		})
	}
}

// An incall that the web interface made has no description: it is found as the
// one that leads to the user and has no number.
func TestResumeOfADIDWithoutADescription(t *testing.T) {
	h := switchboard(t, xivosim.Version1614)
	u := h.create(t, "firstname", "Ann")
	h.post(t, "/incalls", map[string]any{"destination": map[string]any{"type": "user", "user_id": 1}})
	h.post(t, "/extensions", map[string]any{"exten": "4001", "context": "from-extern"})
	h.associate(t, "/incalls/1/extensions/34")
	ch := thing(record.DID, record.Delete, u.ID, "did", "4001@from-extern", "")
	h.dieAfter(1, ch)
	if step, _, err := h.Resume(t.Context(), ch); step != record.Done || err != nil {
		t.Errorf("%q, %v", step, err)
	}
	if c := h.content(t); len(c.Incalls)+len(c.Extensions) != 0 {
		t.Errorf("left: %q", c.facts())
	}
}

// Somebody else has taken the number in the meantime: nothing of his is touched.
func TestResumeLeavesOthersAlone(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	u := h.create(t, "firstname", "Ann")
	ch := newExtension(u.ID, "1001@default", "123456")
	h.dieAfter(3, ch)
	h.equipped(t, "Bob", "1001")
	before := h.content(t).facts()
	step, _, err := h.Resume(t.Context(), ch)
	if step != record.Undone || err != nil {
		t.Fatalf("%q, %v", step, err)
	}
	if got := len(h.content(t).facts()); got != len(before)-2 { // Ann's endpoint and line
		t.Errorf("%d facts after %d", got, len(before))
	}
	h.wantFact(t, "extension 1001 on line 110010")
}
