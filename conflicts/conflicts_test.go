package conflicts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/conflicts"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

var morning = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

func TestFilter(t *testing.T) {
	c := record.Conflict{Kind: record.ConflictField, State: record.Open, Since: morning, Entry: "guid",
		Person: record.Person{Identifier: "ann", DN: "uid=ann,dc=test", Name: "Ann One", UUID: "uuid", Site: "lyon"}}
	for name, tc := range map[string]struct {
		filter conflicts.Filter
		want   bool
	}{
		"nothing asked for":        {conflicts.Filter{}, true},
		"the kind":                 {conflicts.Filter{Kinds: []record.ConflictKind{record.Rejected, record.ConflictField}}, true},
		"another kind":             {conflicts.Filter{Kinds: []record.ConflictKind{record.Rejected}}, false},
		"another state":            {conflicts.Filter{States: []record.ConflictState{record.Decided}}, false},
		"the site, in other case":  {conflicts.Filter{Site: "Lyon"}, true},
		"another site":             {conflicts.Filter{Site: "nantes"}, false},
		"by identifier":            {conflicts.Filter{Person: "ANN"}, true},
		"by DN":                    {conflicts.Filter{Person: "uid=ann,dc=test"}, true},
		"by GUID":                  {conflicts.Filter{Person: "guid"}, true},
		"by name":                  {conflicts.Filter{Person: "ann one"}, true},
		"somebody else":            {conflicts.Filter{Person: "an"}, false},
		"old enough":               {conflicts.Filter{Before: morning}, true},
		"not old enough":           {conflicts.Filter{Before: morning.Add(-time.Second)}, false},
		"one of several that fail": {conflicts.Filter{Site: "lyon", Person: "bob"}, false},
	} {
		if got := tc.filter.Match(c); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// engine notes what it is asked to run.
type engine struct{ asked []reconcile.Options }

func (e *engine) Run(_ context.Context, opt reconcile.Options) (*reconcile.Report, error) {
	e.asked = append(e.asked, opt)
	return &reconcile.Report{}, nil
}

func TestApplyRunsForThoseAlone(t *testing.T) {
	decided := func(entry, uuid, take string) record.Conflict {
		return record.Conflict{Entry: entry, Person: record.Person{UUID: uuid}, Decision: &record.Decision{Take: take}}
	}
	e := &engine{}
	report, err := conflicts.Apply(context.Background(), e, []record.Conflict{
		decided("a", "1", record.DecideLDAP), decided("a", "1", record.DecideXiVO), decided("", "2", record.DecideNew), decided("c", "3", record.DecideIgnore),
	}, reconcile.Options{Who: "ann", Only: []string{"everybody"}})
	if err != nil || report == nil || len(e.asked) != 1 || !slices.Equal(e.asked[0].Only, []string{"a", "2"}) || e.asked[0].Who != "ann" {
		t.Errorf("asked for %+v, %v", e.asked, err)
	}
	report, err = conflicts.Apply(context.Background(), e, []record.Conflict{decided("c", "3", record.DecideIgnore)}, reconcile.Options{})
	if err != nil || report != nil || len(e.asked) != 1 {
		t.Errorf("a run for nobody: %+v, %v", e.asked, err)
	}
}

func TestTake(t *testing.T) {
	for text, want := range map[string]record.Decision{
		"ldap": {Take: "ldap"}, "forget": {Take: "forget"}, "VALUE": {Take: record.DecideValue, Value: "VALUE"}, "LDAP": {Take: record.DecideValue, Value: "LDAP"},
	} {
		if got := conflicts.Take(text); got != want {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

// Everything that can be decided about any kind says what it does, and how.
func TestChoices(t *testing.T) {
	words := append(slices.Clone(conflicts.Words), record.DecideValue)
	for _, kind := range conflicts.Kinds {
		if conflicts.KindWords(kind) == string(kind) {
			t.Errorf("%s has no words", kind)
		}
		for _, field := range []string{"", "email"} {
			for _, c := range conflicts.Choices(record.Conflict{Number: 7, Kind: kind, Field: field, Decisions: words}, "xivosync") {
				if c.Does == "" || !strings.HasPrefix(c.Command, "xivosync conflicts decide 7 ") {
					t.Errorf("%s of %s %q: %+v", c.Take, kind, field, c)
				}
			}
		}
	}
}

func TestNobodyDecidesWithoutAReason(t *testing.T) {
	desk := conflicts.Desk{Now: time.Now}
	var refused *conflicts.Refused
	if _, err := desk.Decide([]uint64{1}, record.Decision{Take: record.DecideLDAP, Why: " "}); !errors.As(err, &refused) {
		t.Errorf("decided: %v", err)
	}
}
