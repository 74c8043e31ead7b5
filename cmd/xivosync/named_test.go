package main

import (
	"strings"
	"testing"
)

// TestEveryCommandTakesTheSameNames asks each command that takes an ID for one
// person in every way that there is, and for nobody.
func TestEveryCommandTakesTheSameNames(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, hardly+through)
	s.run(0, "run", "--allow", "first-run")
	s.slapd.Modify(dnOf(1), "sn", "Changed")
	s.slapd.Modify(dnOf(0), "sn", "Another")
	s.run(0, "run") // for rollbacks
	s.editUser(1, `{"email":null}`)
	s.run(0, "run") // for a conflict
	hold := []string{"hold", "--field", "lastname", "--why", "a test"}
	s.run(0, append(hold, uid(1))...)
	s.slapd.Modify(dnOf(1), "sn", "Changed again") // for the runs to come
	s.slapd.Modify(dnOf(0), "sn", "Another again")
	for command, c := range map[string]struct {
		args []string // the ID comes last
		said string   // of the person
		none int      // for whom nobody knows
		then []string // puts it back as it was
	}{
		"plan":             {args: []string{"plan", "--only"}, said: "Held, and left alone", none: 2},
		"run":              {args: []string{"run", "--only"}, said: "1 held", none: 2},
		"why":              {args: []string{"why"}, said: "Changed again", none: 2},
		"hold":             {args: hold, said: "is held", none: 2},
		"holds release":    {args: []string{"holds", "release"}, said: "is released", none: 2, then: append(hold, uid(1))},
		"rollback":         {args: []string{"rollback", "2", "--dry-run", "--only"}, said: "To take back run 2: 1 change for 1 person", none: 2},
		"runs":             {args: []string{"runs", "--only"}, said: "2 changed in XiVO"},
		"runs RUN":         {args: []string{"runs", "2", "--only"}, said: `"Changed"`},
		"conflicts list":   {args: []string{"conflicts", "list", "--person"}, said: "1 conflict."},
		"conflicts report": {args: []string{"conflicts", "report", "--person"}, said: "emptied in XiVO only"},
		"conflicts decide": {args: []string{"conflicts", "decide", "--take", "ignore", "--yes", "--why", "a test", "--person"}, said: "Conflict 1"},
	} {
		for name, id := range map[string]string{
			"identifier": uid(1), "identifier in capitals": strings.ToUpper(uid(1)), "DN": dnOf(1), "e-mail": uid(1) + "@parts.test",
			"GUID": s.slapd.UUID(dnOf(1)), "uuid": s.user(uid(1))["uuid"].(string),
		} {
			out, _ := s.run(0, append(c.args, id)...)
			if !strings.Contains(out, c.said) || strings.Contains(out, "Another") {
				t.Errorf("%s by %s says\n%s", command, name, out)
			}
			if c.then != nil {
				s.run(0, c.then...)
			}
		}
		out, err := s.run(c.none, append(c.args, "nobody")...)
		if strings.Contains(out, c.said) || c.none != 0 && err == "" {
			t.Errorf("%s for nobody says\n%s%s", command, out, err)
		}
	}
}

// TestWhoNeverHadALinkIsNamedByTheJournal: the hold that a rollback left of
// somebody who was made and taken down is released by their e-mail.
func TestWhoNeverHadALinkIsNamedByTheJournal(t *testing.T) {
	t.Parallel()
	s := newStation(t, 2, hardly+through)
	s.run(0, "run", "--allow", "first-run")
	s.run(0, "rollback", "1")
	out, _ := s.run(0, "holds", "release", uid(1)+"@parts.test")
	wantSaid(t, out, "is released")
	out, _ = s.run(0, "holds")
	wantSaid(t, out, "1 hold")
	out, _ = s.run(0, "rollback", "1", "--dry-run", "--only", uid(0)+"@parts.test")
	wantSaid(t, out, "Nothing to take back")
}
