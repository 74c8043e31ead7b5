package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile"
	"xivosync/sources/ldap"
	"xivosync/store"
	"xivosync/targets/mail"
	"xivosync/targets/xivo"
)

// setup is what a process needs for a run. It goes to a child process as JSON.
type setup struct {
	Path    string
	Clock   time.Time
	Specs   []spec
	Removal reconcile.Removal
	Guards  reconcile.Guards
	ID      reconcile.IdentifierMap
	// Sites and Rules are for those tests that have phones.
	Sites []reconcile.Site
	Rules reconcile.Rules
	// Onboarding is for those tests that have mails.
	Onboarding reconcile.Onboarding
	// Relay is how mails leave after a run, nil where they stay in the outbox.
	Relay *mail.Config
	// Text is the configuration that a real program has, as a template over the
	// setup; where it is there, the settings are read from it. Program is its path.
	Text, Program string
	// When are the conditions of fields, by field.
	When map[string]string
	// LDAP is where the engine connects; a test may put a proxy there.
	LDAP ldap.Config
	XiVO xivo.Config `json:"-"`
}

// spec is the configuration's line for a field.
type spec struct {
	Field, Attribute string
	Direction        reconcile.Direction
	Transforms       []reconcile.Transform
	First            reconcile.Take
	OnClear          reconcile.OnClear
}

// numbering is that of all tests.
var numbering = reconcile.Numbering{Region: "FR"}

func (s spec) mapping(numbering reconcile.Numbering) (reconcile.Mapping, error) {
	for _, f := range xivo.Fields() {
		if f.Name != s.Field {
			continue
		}
		chain, err := reconcile.NewChain(f, numbering, s.Transforms, nil, s.Direction == reconcile.Both)
		m := reconcile.Mapping{Field: f, Attribute: s.Attribute, Direction: s.Direction, Chain: chain,
			Conflict: reconcile.TakeManual, First: reconcile.TakeLDAP, Drift: reconcile.DriftRestore, Pick: reconcile.PickOnly, OnClear: s.OnClear}
		if s.First != "" {
			m.First = s.First
		}
		return m, err
	}
	return reconcile.Mapping{}, fmt.Errorf("XiVO has no field %s", s.Field)
}

// spelt writes memberOf as records do.
func spelt(attribute string) string {
	if strings.EqualFold(attribute, reconcile.MemberOf) {
		return reconcile.MemberOf
	}
	return attribute
}

// settings are what the configuration would say.
func (s setup) settings() (reconcile.Settings, error) {
	if s.Text != "" {
		return s.configured()
	}
	numbering := numbering
	numbering.Sites = s.Sites
	var fields []reconcile.Mapping
	var mapped strings.Builder
	for _, one := range s.Specs {
		m, err := one.mapping(numbering)
		if err != nil {
			return reconcile.Settings{}, err
		}
		if text := s.When[one.Field]; text != "" {
			if m.When, err = reconcile.ParseFilter(text); err != nil {
				return reconcile.Settings{}, err
			}
			m.When = m.When.Spelt(spelt)
		}
		mapped.WriteString(m.Source() + m.Chain.Fingerprint + string(m.Direction) + " ")
		fields = append(fields, m)
	}
	slices.SortFunc(fields, func(a, b reconcile.Mapping) int { return strings.Compare(a.Field.Name, b.Field.Name) })
	scope := s.ID.LDAP + s.LDAP.Filter + strings.Join(s.LDAP.Bases, ";")
	return reconcile.Settings{Identifier: s.ID, Fields: fields, Numbering: numbering, Rules: s.Rules, Removal: s.Removal, Guards: s.Guards, Onboarding: s.Onboarding,
		Fingerprint: scope + mapped.String(), Scope: scope, Mapped: mapped.String()}, nil
}

// configs are those of both sides, with what the fields need.
func (s setup) configs(settings reconcile.Settings) (ldap.Config, xivo.Config) {
	l, x := s.LDAP, s.XiVO
	l.Identifier, x.Identifier = s.ID.LDAP, s.ID.XiVO
	for _, one := range s.Specs {
		x.Fields = append(x.Fields, one.Field)
		if one.Attribute != "" && !slices.Contains(l.Attributes, one.Attribute) {
			l.Attributes = append(l.Attributes, one.Attribute)
		}
	}
	groups := settings.Groups()
	l.Groups, l.AnyGroup, l.Nested = groups.Named, groups.Other, groups.Nested
	for _, a := range settings.Conditions() {
		if !slices.Contains(l.Attributes, a) {
			l.Attributes = append(l.Attributes, a)
		}
	}
	x.Clock = func() time.Time { return s.Clock }
	return l, x
}

// open connects everything; do has it for its time.
func (s setup) open(log hclog.Logger, wrap func(reconcile.Store) reconcile.Store, do func(e *reconcile.Engine) error) error {
	ctx := context.Background()
	settings, err := s.settings()
	if err != nil {
		return err
	}
	l, x := s.configs(settings)
	l.Log, x.Log = log, log
	dir, err := ldap.Open(ctx, l)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	client, err := xivo.New(x)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close(ctx) }()
	db, err := store.Open(s.Path, store.Options{NoSync: true, Clock: x.Clock, Logger: log})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var st reconcile.Store = db
	if wrap != nil {
		st = wrap(db)
	}
	return do(&reconcile.Engine{LDAP: dir, XiVO: client, Store: st, Settings: settings, Random: rand.Reader, Now: x.Clock, Log: log})
}

// field is the spec of one field.
func field(name, attribute string, direction reconcile.Direction, transforms ...reconcile.Transform) spec {
	return spec{Field: name, Attribute: attribute, Direction: direction, Transforms: transforms}
}
