package reconcile_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

var update = flag.Bool("update", false, "write what the scenarios end with into their files")

// TestScenarios plays the files of testdata/scenario. A file tells a story:
//
//	settings     one per line: field NAME ATTRIBUTE DIRECTION [KEY=VALUE…], in
//	             place of the usual ones
//	edit N       what happens before run N, one per line:
//	             ldap|xivo put ID NAME="TEXT"…   somebody is there
//	             ldap|xivo set ID NAME "TEXT"…   a value changes; no text empties it
//	             ldap|xivo remove|hide|show|disable|enable|freeze|thaw|ignore|heed …
//	             mapping FIELD ATTRIBUTE DIRECTION [KEY=VALUE…]
//	             wait DURATION
//	             decide ID FIELD WHAT            WHAT as the command takes it; "" is no field
//	             removal [POLICY] [out_of_scope=POLICY] [delete_after=DURATION] [delete_anyway]
//	             rollback RUN[..RUN] [only=ID] [field=NAME] [force]
//	             hold ID FIELD, release ID FIELD "" is the whole person
//	             ldap|xivo backup|restore|server NAME
//	             points USER "WHAT"              something of others leads to the user
//	             hinders USER "WHAT"             something keeps the user from being deleted
//	run N        what the run planned, what the journal holds of it, and the
//	             conflicts that are open then
//	ldap, xivo   what both sides hold in the end
//
// People are named by the identifier that they were put with. The sections from
// run on are written by -update.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenario/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d scenarios, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			played := play(t, archive)
			if *update {
				if err := os.WriteFile(file, txtar.Format(played), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(played))); diff != "" {
				t.Errorf("(-file +played; write it with -update)\n%s", diff)
			}
		})
	}
}

// story is a scenario that is being played.
type story struct {
	*world
	t testing.TB
	// who are the records of both sides by the name that the file gives them.
	who map[string]string
	// before is what is told with the next run.
	before  string
	backups map[record.Side]func()
}

// play returns the archive with the sections that a run writes.
func play(t testing.TB, in *txtar.Archive) *txtar.Archive {
	s := &story{world: newWorld(t), t: t, who: map[string]string{}, backups: map[record.Side]func(){}}
	openGuards(s.world)
	out := &txtar.Archive{Comment: in.Comment}
	for _, f := range in.Files {
		switch kind, _, _ := strings.Cut(f.Name, " "); kind {
		case "settings":
			var fields []reconcile.Mapping
			for _, words := range lines(f.Data) {
				fields = append(fields, mappingOf(t, words[1:]))
			}
			*s.world = *newWorld(t, fields...)
			openGuards(s.world)
		case "edit":
			for _, words := range lines(f.Data) {
				s.edit(words)
			}
		default:
			continue
		}
		out.Files = append(out.Files, f)
		if number, ok := strings.CutPrefix(f.Name, "edit "); ok {
			out.Files = append(out.Files, txtar.File{Name: "run " + number, Data: []byte(s.tell())})
		}
	}
	out.Files = append(out.Files,
		txtar.File{Name: "ldap", Data: []byte(s.holds(s.ldap, s.ldap.IDs()))},
		txtar.File{Name: "xivo", Data: []byte(s.holds(s.xivo, s.xivo.IDs()))})
	return out
}

// lines splits a section into lines of words; a word may be quoted.
func lines(data []byte) (all [][]string) {
	for line := range strings.Lines(string(data)) {
		var words []string
		for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " ") {
			word, after := cut(rest)
			words, rest = append(words, word), after
		}
		if len(words) > 0 {
			all = append(all, words)
		}
	}
	return all
}

// cut takes the first word off, without its quotes.
func cut(text string) (word, rest string) {
	quoted := false
	for i, r := range text {
		if r == '"' {
			quoted = !quoted
		}
		if r == ' ' && !quoted {
			return strings.ReplaceAll(text[:i], `"`, ""), text[i:]
		}
	}
	return strings.ReplaceAll(text, `"`, ""), ""
}

// mappingOf reads NAME ATTRIBUTE DIRECTION [KEY=VALUE…].
func mappingOf(t testing.TB, words []string) reconcile.Mapping {
	var transforms []reconcile.Transform
	for _, word := range words[3:] {
		if to, ok := strings.CutPrefix(word, "case="); ok {
			transforms = append(transforms, reconcile.Transform{Case: to})
		}
		if to, ok := strings.CutPrefix(word, "number="); ok {
			transforms = append(transforms, reconcile.Transform{Number: reconcile.NumberFormat(to)})
		}
	}
	m := field(words[0], words[1], reconcile.Direction(words[2]), transforms...)
	for _, word := range words[3:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "conflict":
			m.Conflict = reconcile.Take(value)
		case "initial":
			m.First = reconcile.Take(value)
		case "drift":
			m.Drift = reconcile.DriftPolicy(value)
		case "pick":
			m.Pick = reconcile.Pick(value)
		case "case", "number":
		default:
			t.Fatalf("unknown setting %q", word)
		}
	}
	return m
}

// edit does what a line says.
func (s *story) edit(words []string) {
	switch words[0] {
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.clock = s.clock.Add(d)
		return
	case "removal":
		s.removal(words[1:])
		return
	case "points", "hinders":
		s.speaks(words)
		return
	case "rollback":
		s.takeBack(words[1:])
		return
	case "hold":
		if _, err := s.engine().HoldByHand(context.Background(), reconcile.HoldRequest{ID: words[1], Field: words[2], Who: "ada", Why: "by hand"}); err != nil {
			s.t.Fatal(err)
		}
		return
	case "release":
		s.release(words[1], words[2])
		return
	case "decide":
		s.decideAs(words[1], words[2], words[3])
		return
	case "mapping":
		m := mappingOf(s.t, words[1:])
		fields := slices.DeleteFunc(slices.Clone(s.settings.Fields), func(old reconcile.Mapping) bool { return old.Field.Name == m.Field.Name })
		s.remap(append(fields, m)...)
		return
	}
	side := s.ldap
	if words[0] == "xivo" {
		side = s.xivo
	}
	id := ""
	if len(words) > 2 && words[1] != "server" {
		id = s.id(words[0], words[2])
	}
	switch words[1] {
	case "put":
		values := map[string]string{}
		for _, pair := range words[3:] {
			name, text, _ := strings.Cut(pair, "=")
			values[name] = text
		}
		s.who[words[0]+" "+words[2]] = side.Put(words[2], values)
	case "set":
		side.Set(id, words[3], words[4:]...)
	case "remove":
		side.Remove(id)
	case "hide", "show":
		side.Hide(id, words[1] == "hide")
	case "disable", "enable":
		side.Disable(id, words[1] == "disable")
	case "freeze":
		side.Freeze()
	case "thaw":
		side.Thaw()
	case "backup":
		s.backups[side.Kind] = side.Backup()
	case "restore":
		s.backups[side.Kind]()
	case "server":
		side.Server = words[2]
	case "ignore":
		side.Ignores = map[string]bool{words[2]: true}
	case "heed":
		side.Ignores = nil
	default:
		s.t.Fatalf("unknown edit %q", words)
	}
}

// removal sets how leavers are treated.
func (s *story) removal(words []string) {
	r := &s.settings.Removal
	for _, word := range words {
		switch name, value, _ := strings.Cut(word, "="); name {
		case "out_of_scope":
			r.OutOfScope = reconcile.RemovalPolicy(value)
		case "delete_after":
			r.DeleteAfter, _ = time.ParseDuration(value)
		case "delete_anyway":
			r.DeleteAnyway = true
		default:
			r.Policy = reconcile.RemovalPolicy(word)
		}
	}
}

// speaks sets what speaks against a deletion; without WHAT, nothing does.
func (s *story) speaks(words []string) {
	if s.xivo.Estate == nil {
		s.xivo.Estate = map[string]record.Estate{}
	}
	estate := s.xivo.Estate[words[1]]
	if words[0] == "points" {
		estate.Pointers = nil
		for _, text := range words[2:] {
			estate.Pointers = append(estate.Pointers, record.Pointer{Place: text, Text: text})
		}
	} else {
		estate.Obstacles = words[2:]
	}
	s.xivo.Estate[words[1]] = estate
}

// decideAs decides about the open conflict of that person and field.
func (s *story) decideAs(id, field, what string) {
	words := []string{record.DecideLDAP, record.DecideXiVO, record.DecideIgnore, record.DecideRelink, record.DecideNew, record.DecideForget}
	d := record.Decision{Take: what, Who: "ann", Why: "so it is", At: s.clock}
	if !slices.Contains(words, what) {
		d.Take, d.Value = record.DecideValue, what
	}
	for c, err := range s.store.Conflicts() {
		if err != nil {
			s.t.Fatal(err)
		}
		if c.Person.Identifier != id || c.Field != field {
			continue
		}
		if err := s.settings.CheckDecision(c, d); err != nil {
			s.t.Fatal(err)
		}
		s.decideNumber(c.Number, d)
		return
	}
	s.t.Fatalf("there is no conflict of %s on %q", id, field)
}

// id finds a record by the name that it was put with, or that it got.
func (s *story) id(side, name string) string {
	if id, known := s.who[side+" "+name]; known {
		return id
	}
	if side == "xivo" {
		return s.user(name)
	}
	return ""
}

// tell makes a run, and says what it planned, did and left open.
func (s *story) tell() string {
	s.t.Helper()
	report := s.run()
	var out strings.Builder
	out.WriteString(s.before)
	s.before = ""
	fmt.Fprintf(&out, "outcome %s\n", report.Outcome)
	for _, g := range report.Guards {
		if g.Tripped {
			fmt.Fprintf(&out, "guard %s: %s\n", g.Name, g.Message)
		}
	}
	for _, h := range report.Plan.Held {
		fmt.Fprintf(&out, "held %s %q until %s is not %q\n", h.Person.Identifier, h.Field, h.Side, heldValue(h))
	}
	for _, c := range report.Plan.Changes() {
		fmt.Fprintf(&out, "plan %s\n", line(c))
	}
	for c, err := range s.store.Changes(report.Number) {
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&out, "journal %s %s %s\n", c.ID(), c.Op, c.Step)
	}
	for _, n := range report.Plan.Notes {
		fmt.Fprintf(&out, "note %s %s: %s\n", n.Identifier, n.Field, n.Text)
	}
	for c, err := range s.store.Conflicts() {
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&out, "conflict %s %q: %s: %s\n", c.Person.Identifier, c.Field, c.Kind, c.Message)
		if c.Decision != nil {
			fmt.Fprintf(&out, "decided %s\n", c.Decision.Taken(false))
		}
		if c.Reopened != "" {
			fmt.Fprintf(&out, "reopened %s\n", c.Reopened)
		}
	}
	return out.String()
}

// heldValue is what a hold waits for; of a whole person it is digests.
func heldValue(h record.Hold) string {
	if h.Field == "" {
		return "…"
	}
	return h.Value.String()
}

// takeBack rolls runs back; what came of it is told with the next run.
func (s *story) takeBack(words []string) {
	opt := reconcile.RollbackOptions{Trigger: "rollback", Who: "ada"}
	first, last, _ := strings.Cut(words[0], "..")
	fmt.Sscan(first, &opt.First)
	fmt.Sscan(last, &opt.Last)
	for _, word := range words[1:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "only":
			opt.Only = []string{value}
		case "field":
			opt.Field = value
		case "force":
			opt.Force = true
		default:
			s.t.Fatalf("unknown option %q", word)
		}
	}
	report := s.rollback(opt)
	s.before += fmt.Sprintf("rollback as run %d: %s\n", report.Number, report.Outcome)
	for _, c := range report.Plan.Changes() {
		s.before += fmt.Sprintf("back %s\n", line(c))
	}
	for _, l := range report.Left {
		s.before += fmt.Sprintf("left %s %s: %s\n", l.Identifier, l.Field, l.Reason)
	}
}

// release ends the hold of a person's field.
func (s *story) release(id, field string) {
	for h, err := range s.store.Holds() {
		if err != nil {
			s.t.Fatal(err)
		}
		if h.Person.Identifier == id && h.Field == field {
			if err := s.store.Release(h.Number); err != nil {
				s.t.Fatal(err)
			}
			return
		}
	}
	s.t.Fatalf("%s %q is not held", id, field)
}

func line(c record.Change) string {
	text := fmt.Sprintf("%s %s %s %s", c.Person.Identifier, c.Side, c.Op, c.Thing)
	for _, name := range c.FieldNames() {
		text += fmt.Sprintf(" %s:%q>%q", name, c.Fields[name].Before, c.Fields[name].After)
	}
	return text
}

// holds tells what a side holds, a record a line.
func (s *story) holds(side reconcile.Side, ids []string) string {
	var out strings.Builder
	for _, id := range ids {
		r, err := side.Read(context.Background(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s", r.Identifier)
		if r.Disabled {
			out.WriteString(" (disabled)")
		}
		for _, name := range slices.Sorted(maps.Keys(r.Values)) {
			if v := r.Values[name]; !v.Empty() {
				fmt.Fprintf(&out, " %s=%q", name, v.String())
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}
