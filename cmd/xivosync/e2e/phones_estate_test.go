package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// row is one row of a table of the simulated XiVO.
type row = map[string]any

// tables are all rows of the simulated XiVO, by table.
type tables map[string][]row

func (w *world) tables() tables {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.sim.Dump(&b); err != nil {
		w.t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		w.t.Fatal(err)
	}
	out := tables{}
	for name, text := range all {
		var rows []row
		if json.Unmarshal(text, &rows) == nil {
			out[name] = rows
		}
	}
	return out
}

// by returns the rows of a table whose column has the value.
func (t tables) by(table, column string, value any) []row {
	return slices.DeleteFunc(slices.Clone(t[table]), func(r row) bool { return r[column] != value })
}

func text(rows []row, column string) string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprint(r[column]))
	}
	return strings.Join(out, "+")
}

// user names a user by what does not differ between two servers.
func (t tables) user(id any) string {
	u := t.by("users", "id", id)
	if len(u) != 1 {
		return fmt.Sprintf("nobody %v", id)
	}
	if u[0]["userfield"] == nil {
		return fmt.Sprint(u[0]["firstname"])
	}
	return fmt.Sprint(u[0]["userfield"])
}

// line names a line by whom and which number it has.
func (t tables) line(id any) string {
	var who, numbers []string
	for _, r := range t.by("user_lines", "line_id", id) {
		who = append(who, t.user(r["user_id"]))
	}
	for _, r := range t.by("line_extensions", "line_id", id) {
		numbers = append(numbers, text(t.by("extensions", "id", r["extension_id"]), "exten"))
	}
	return fmt.Sprintf("%v %v", who, numbers)
}

// estate is everything that the simulated XiVO holds, a line for each row,
// without the numbers and random names that differ from one server to another.
// What hangs in the air shows as such.
func (w *world) estate() []string {
	w.t.Helper()
	t := w.tables()
	var out []string
	for _, table := range slices.Sorted(maps.Keys(t)) {
		for _, r := range t[table] {
			r := maps.Clone(r)
			if r["context"] == "xivo-features" {
				continue
			}
			t.name(table, r)
			b, err := json.Marshal(r)
			if err != nil {
				w.t.Fatal(err)
			}
			out = append(out, table+" "+string(b))
		}
	}
	slices.Sort(out)
	return out
}

// name replaces the references of a row by names.
func (t tables) name(table string, r row) {
	id := r["id"]
	switch table {
	case "users":
		r["voicemail"] = text(t.by("voicemails", "id", r["voicemail_id"]), "number")
		r["entity"] = text(t.by("entities", "id", r["entity_id"]), "name")
		r["agent"] = text(t.by("agents", "id", r["agent_id"]), "number")
		drop(r, "uuid", "voicemail_id", "entity_id", "func_key_template_id", "func_key_id", "agent_id")
	case "lines":
		r["of"] = t.line(id)
		r["endpoints"] = len(t.by("endpoints_sip", "id", r["endpoint_id"]))
		drop(r, "provisioning_code", "endpoint_id")
	case "endpoints_sip":
		r["of"] = "no line"
		for _, l := range t.by("lines", "endpoint_id", id) {
			r["of"] = t.line(l["id"])
		}
		drop(r, "username", "secret")
	case "extensions":
		switch r["owner"] {
		case "user":
			r["of"] = t.user(r["owner_id"])
		case "incall":
			r["of"] = len(t.by("incalls", "id", r["owner_id"]))
		}
		drop(r, "owner_id")
	case "voicemails":
		r["of"] = len(t.by("users", "voicemail_id", id))
		drop(r, "password")
	case "incalls":
		to := maps.Clone(r["destination"].(row))
		if u, ok := to["user_id"]; ok {
			to["user"] = t.user(u)
		}
		drop(to, "user_id")
		r["destination"] = to
		var numbers []string
		for _, x := range t.by("extensions", "owner", "incall") {
			if x["owner_id"] == id {
				numbers = append(numbers, fmt.Sprint(x["exten"]))
			}
		}
		r["numbers"] = numbers
		drop(r, "description")
	case "user_lines":
		r["user"], r["line"] = t.user(r["user_id"]), t.line(r["line_id"])
		drop(r, "user_id", "line_id")
	case "line_extensions":
		r["line"] = t.line(r["line_id"])
		r["number"] = text(t.by("extensions", "id", r["extension_id"]), "exten")
		drop(r, "line_id", "extension_id")
	}
	drop(r, "id")
}

func drop(r row, columns ...string) {
	for _, c := range columns {
		delete(r, c)
	}
}

// wantEstate fails where XiVO holds anything else.
func (w *world) wantEstate(want []string, message string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.estate()); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", message, diff)
	}
}

// keepsRows fails unless every row of before is still there, unchanged to the byte.
func (w *world) keepsRows(before map[string]string) {
	w.t.Helper()
	now := w.dumped()
	for place, r := range before {
		if now[place] != r {
			w.t.Errorf("%s: what is nobody's business changed\nbefore %s\nnow    %s", place, r, now[place])
		}
	}
}

// dumped are all rows of the simulated XiVO, as its dump writes them, by table and
// id.
func (w *world) dumped() map[string]string {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.sim.Dump(&b); err != nil {
		w.t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for table, text := range all {
		var rows []json.RawMessage
		if json.Unmarshal(text, &rows) != nil {
			continue
		}
		for _, r := range rows {
			var key struct{ ID any }
			if json.Unmarshal(r, &key) == nil && key.ID != nil {
				out[fmt.Sprintf("%s %v", table, key.ID)] = string(r)
			}
		}
	}
	return out
}

// keeps fails where a row is not as it was.
func (w *world) keeps(before tables) {
	w.t.Helper()
	now := w.tables()
	for table, rows := range before {
		for _, r := range rows {
			got := now.by(table, "id", r["id"])
			if diff := cmp.Diff([]row{r}, got); diff != "" {
				w.t.Errorf("%s: what is nobody's business changed (-before +now):\n%s", table, diff)
			}
		}
	}
}
