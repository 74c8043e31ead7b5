package main

import (
	"strconv"
	"strings"
	"xivosync/store"
)

// demoMistake mixes up the attributes of two fields: last names would come from
// the given name, and e-mails go where the department stands.
func demoMistake() string {
	return strings.NewReplacer(
		`[fields.lastname]
ldap = "sn"`, `[fields.lastname]
ldap = "givenName"`,
		`[fields.email]
ldap = "mail"
direction = "both"`, `[fields.email]
ldap = "departmentNumber"
direction = "both"
initial = "xivo"`,
	).Replace(demoFields)
}

// badRun is a run that harms both sides, and how it is taken back.
func (s *stage) badRun() error {
	s.say("A bad day: two lines of the mapping are mixed up, and somebody lets the run through. XiVO's last names and the directory's departments are garbled.")
	if err := s.configure(demoBase, "(objectClass=inetOrgPerson)", "uid", "userfield", demoPhones+demoMistake()); err != nil {
		return err
	}
	if err := s.do(exitDone, "run", "--allow", "configuration"); err != nil {
		return err
	}
	run, err := s.lastRun()
	if err != nil {
		return err
	}
	s.say("The mapping is put right. The run is taken back on both sides, newest change first: first shown for one person, then done for all.")
	if err := s.configure(demoBase, "(objectClass=inetOrgPerson)", "uid", "userfield", demoPhones+demoFields); err != nil {
		return err
	}
	if err := s.do(exitDone, "rollback", run, "--only", "noel", "--dry-run"); err != nil {
		return err
	}
	if err := s.do(exitDone, "rollback", run); err != nil {
		return err
	}
	s.say("What was taken back is held: the next run leaves it so.")
	if err := s.do(exitDone, "run"); err != nil {
		return err
	}
	return s.do(exitDone, "holds")
}

// lastRun is the number of the run that was just made.
func (s *stage) lastRun() (string, error) {
	db, err := store.OpenReadOnly(s.path("state.db"), store.Options{})
	if err != nil {
		return "", err
	}
	defer db.Close() // nothing was written
	runs, err := take(db.Runs(), 1)
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(runs[0].Number, 10), nil
}
