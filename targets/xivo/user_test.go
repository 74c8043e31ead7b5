package xivo

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

func TestCreateReadUpdateDelete(t *testing.T) {
	h := live(t, xivosim.Options{})
	ctx := context.Background()
	made := h.create(t, "firstname", "Zoé", "lastname", `O"Neil`, "description", "guid-1", "ring_seconds", "20",
		"supervision_enabled", "false", "password", "s3cret!", "outgoing_caller_id", "default")
	want := map[string]record.Value{
		"firstname": {"Zoé"}, "lastname": {`O"Neil`}, "email": nil, "mobile_phone_number": nil, "caller_id": {`"Zoé O"Neil"`},
		"outgoing_caller_id": {"default"}, "username": nil, "password": {"s3cret!"}, "language": nil, "userfield": nil,
		"ring_seconds": {"20"}, "supervision_enabled": {"false"}, "enabled": {"true"}, "call_permission_password": nil,
		"description": {"guid-1"},
	}
	if diff := cmp.Diff(want, made.Values); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if made.Identifier != "guid-1" || made.Name != `Zoé O"Neil` || made.Disabled || made.Side != record.XiVO {
		t.Errorf("record %+v", made)
	}
	read, err := h.Read(ctx, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, read); diff != "" {
		t.Errorf("read (-made +read):\n%s", diff)
	}

	ch := from(change(record.Update, made.ID, "lastname", "", "email", "zoe@x.test", "ring_seconds", "0"), "lastname", `O"Neil`, "ring_seconds", "20")
	after, err := h.Apply(ctx, ch)
	if err != nil {
		t.Fatal(err)
	}
	want["lastname"], want["email"], want["ring_seconds"] = nil, record.Text("zoe@x.test"), record.Text("0")
	if diff := cmp.Diff(want, after.Values); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}

	if gone, err := h.Apply(ctx, change(record.Delete, made.ID)); err != nil || gone.ID != "" {
		t.Errorf("delete: %+v, %v", gone, err)
	}
	_, err = h.Read(ctx, made.ID)
	wantClass(t, err, record.Missing, "User was not found", made.ID)
	_, err = h.Apply(ctx, change(record.Delete, made.ID))
	wantClass(t, err, record.Missing)
}

func TestOnlyWhatDiffersIsSent(t *testing.T) {
	h := live(t, xivosim.Options{})
	made := h.create(t, "firstname", "Ann", "description", "g")
	before := h.Requests()
	r, err := h.Apply(context.Background(), from(change(record.Update, made.ID, "firstname", "Ann"), "firstname", "Anne"))
	if err != nil {
		t.Fatal(err)
	}
	got := h.Requests()
	if got.Write != before.Write || got.Read != before.Read+1 {
		t.Errorf("requests %+v after %+v: want one read and no write", got, before)
	}
	if r.Values["firstname"].First() != "Ann" {
		t.Errorf("record %+v", r)
	}
}

func TestStaleWritesNothing(t *testing.T) {
	h := live(t, xivosim.Options{})
	made := h.create(t, "firstname", "Ann", "lastname", "Now", "description", "g")
	_, err := h.Apply(context.Background(), from(change(record.Update, made.ID, "lastname", "New", "firstname", "Eve"), "lastname", "Old", "firstname", "Ann"))
	wantClass(t, err, record.Stale, "lastname", made.ID)
	if r, _ := h.Read(context.Background(), made.ID); r.Values["firstname"].First() != "Ann" {
		t.Error("something was written")
	}
	_, err = h.Apply(context.Background(), from(change(record.Delete, made.ID, "lastname", ""), "lastname", "Old"))
	wantClass(t, err, record.Stale, "lastname")
}

func TestRefusals(t *testing.T) {
	h := live(t, xivosim.Options{})
	ctx := context.Background()
	made := h.create(t, "firstname", "Ann", "email", "ann@x.test", "description", "g")
	huge := longText(10 << 10)
	for name, tc := range map[string]struct {
		change record.Change
		words  []string
	}{
		"taken e-mail":          {change(record.Create, "", "firstname", "Eve", "email", "ANN@x.test"), []string{"User already exists", "'email': 'ANN@x.test'"}},
		"required field empty":  {from(change(record.Update, made.ID, "firstname", ""), "firstname", "Ann"), []string{"firstname", "Field may not be null."}},
		"too long":              {change(record.Update, made.ID, "lastname", huge), []string{"lastname", "Longer than maximum length 128."}},
		"refused secret":        {change(record.Update, made.ID, "password", "hush hush"), []string{"password", "does not match expected pattern"}},
		"two faults":            {change(record.Update, made.ID, "language", "fr", "userfield", huge), []string{"language", "userfield"}},
		"not UTF-8":             {change(record.Update, made.ID, "lastname", "a\xff"), []string{"lastname", "not UTF-8"}},
		"no boolean":            {change(record.Update, made.ID, "enabled", "yes"), []string{"enabled", "true or false"}},
		"no number":             {change(record.Update, made.ID, "ring_seconds", "soon"), []string{"ring_seconds", "number"}},
		"no such field":         {change(record.Update, made.ID, "uuid", "x"), []string{"no field", "uuid"}},
		"no such thing":         {record.Change{Thing: record.Voicemail, Op: record.Create}, []string{"voicemail"}},
		"no such operation":     {change(record.LinkUp, made.ID), []string{"operation"}},
		"several values of one": {record.Change{Thing: record.User, Op: record.Update, Key: made.ID, Fields: map[string]record.Delta{"lastname": {After: record.Value{"a", "b"}}}}, []string{"one value"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Apply(ctx, tc.change)
			wantClass(t, err, record.Refused, tc.words...)
			for _, secret := range []string{"hush hush", huge} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows what was refused: %.200v", err)
				}
			}
		})
	}
	_, err := h.Apply(ctx, change(record.Update, "00000000-0000-4000-8000-000000000000", "firstname", "x"))
	wantClass(t, err, record.Missing)
	_, err = h.Apply(ctx, change(record.Update, "../infos", "firstname", "x"))
	wantClass(t, err, record.Missing, "not a uuid")
}

func TestHostileValuesArriveUnaltered(t *testing.T) {
	h := live(t, xivosim.Options{})
	for name, text := range map[string]string{
		"html": `<script>alert("x")</script> &amp;`, "quotes": `"; DROP TABLE users; --'`, "control": "a\x01b\tc\nd\u2028e",
		"astral": "𝔷😀", "long": longText(10 << 10), "percent": "100%_%s%d", "spaces": "  x  ",
	} {
		t.Run(name, func(t *testing.T) {
			made := h.create(t, "firstname", "H", "description", text)
			if got := made.Values["description"].First(); got != text {
				t.Errorf("got %q", got)
			}
			found, err := h.Find(context.Background(), text)
			if err != nil || len(found) != 1 || found[0].ID != made.ID {
				t.Errorf("found %v, %v", found, err)
			}
		})
	}
	for _, r := range h.all(t, record.Survey) {
		full, err := h.Read(context.Background(), r.ID)
		if err != nil || full.Identifier != r.Identifier || r.Doubtful {
			t.Errorf("survey %q, detail %q, %v", r.Identifier, full.Identifier, err)
		}
	}
}

func longText(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return string(b)
}

func TestDeactivateAndReactivate(t *testing.T) {
	h := live(t, xivosim.Options{})
	made := h.create(t, "firstname", "Ann", "description", "g")
	off, err := h.Apply(context.Background(), from(change(record.Deactivate, made.ID, "enabled", "false"), "enabled", "true"))
	if err != nil || !off.Disabled {
		t.Errorf("%+v, %v", off, err)
	}
	for _, depth := range []record.Depth{record.Survey, record.Detail} {
		if r := h.all(t, depth)[0]; !r.Disabled || r.Doubtful {
			t.Errorf("depth %d: %+v", depth, r)
		}
	}
	on, err := h.Apply(context.Background(), from(change(record.Reactivate, made.ID, "enabled", "true"), "enabled", "false"))
	if err != nil || on.Disabled {
		t.Errorf("%+v, %v", on, err)
	}
}

func TestIgnoredFieldShowsInTheRecord(t *testing.T) {
	h := live(t, xivosim.Options{})
	made := h.create(t, "firstname", "Ann", "description", "g")
	h.sim.Inject(xivosim.Fault{Method: "PUT", Path: "/1.1/users/*", Effect: xivosim.Ignore})
	r, err := h.Apply(context.Background(), change(record.Update, made.ID, "lastname", "New"))
	if err != nil {
		t.Fatal(err)
	}
	if v, read := r.Values["lastname"]; !read || !v.Empty() {
		t.Errorf("lastname %q, read %t: want what XiVO holds", v, read)
	}
}
