package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Settings returns what the configuration asks of the engine. The fields are
// the table of what XiVO's user holds.
func (c *Config) Settings(fields []record.Field) (reconcile.Settings, error) {
	s := reconcile.Settings{
		Identifier:  reconcile.IdentifierMap{LDAP: c.Identifier.LDAP, XiVO: c.Identifier.XiVO},
		Numbering:   c.numbering(),
		Removal:     c.removal(),
		Guards:      c.guards(),
		Onboarding:  c.Mail.onboarding(),
		Fingerprint: c.fingerprint(),
		Effective:   c.Effective(),
		Scope:       c.scope(),
		Mapped:      c.mappedFingerprint(),
	}
	var err error
	if s.Numbering.Sites, err = c.sites(); err != nil {
		return reconcile.Settings{}, err
	}
	names := speller{c.Identifier.LDAP, reconcile.MemberOf}
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		m, err := c.mapping(name, fields, s.Numbering)
		if err != nil {
			return reconcile.Settings{}, fmt.Errorf("fields.%s: %w", name, err)
		}
		m.Attribute = names.spell(m.Attribute)
		m.When = m.When.Spelt(names.spell)
		s.Fields = append(s.Fields, m)
	}
	rules, err := c.rules()
	s.Rules = rules.Spelt(names.spell)
	return s, err
}

// speller holds the first spelling of each attribute: the directory does not
// tell mail from Mail, and records have one key for both.
type speller []string

// spell returns the first spelling of an attribute.
func (known *speller) spell(attribute string) string {
	for _, first := range *known {
		if strings.EqualFold(attribute, first) {
			return first
		}
	}
	*known = append(*known, attribute)
	return attribute
}

func (c *Config) mapping(name string, fields []record.Field, numbering reconcile.Numbering) (reconcile.Mapping, error) {
	i := slices.IndexFunc(fields, func(f record.Field) bool { return f.Name == name })
	if i < 0 {
		return reconcile.Mapping{}, fmt.Errorf("XiVO's user has no such field")
	}
	f := c.Fields[name]
	m := reconcile.Mapping{
		Field: fields[i], Attribute: f.LDAP.First(), Direction: f.Direction,
		Conflict: f.Conflict, First: f.Initial, Drift: f.Drift, Pick: f.Pick,
	}
	var err error
	if m.Chain, err = reconcile.NewChain(fields[i], numbering, engineChain(f.Transform), engineChain(f.ToLDAP), writesBack(f)); err != nil {
		return m, err
	}
	if f.PickPattern != "" {
		if m.PickPattern, err = regexp.Compile(f.PickPattern); err != nil {
			return m, err
		}
	}
	return m, f.thing(&m)
}

func (c *Config) numbering() reconcile.Numbering {
	return reconcile.Numbering{Region: c.Numbering.Region, LDAP: c.Numbering.LDAPFormat}
}

func (c *Config) removal() reconcile.Removal {
	r := c.Removal
	return reconcile.Removal{
		Policy: r.Policy, OutOfScope: r.OutOfScope, AbsentRuns: r.AbsentRuns, AbsentFor: r.AbsentFor.Std(),
		DeleteAfter: r.DeleteAfter.Std(), DeleteAnyway: r.DeleteAnyway, Reserve: reconcile.ReservePolicy(r.Reserve),
	}
}

func (c *Config) guards() reconcile.Guards {
	g := c.Guard
	limits := map[string]reconcile.Limit{}
	for name, l := range map[string]Limit{
		reconcile.GuardRemovals: g.Removals, reconcile.GuardClears: g.Clears, reconcile.GuardRenumberings: g.Renumberings,
		reconcile.GuardCreates: g.Creates, reconcile.GuardUpdates: g.Updates, reconcile.GuardWritebacks: g.Writebacks,
		reconcile.GuardMails: g.Mails,
	} {
		limits[name] = reconcile.Limit{Count: l.Count, Share: l.Share, Cap: l.Cap}
	}
	return reconcile.Guards{Limits: limits, Canaries: g.Canaries, OnTrip: g.OnTrip}
}

// AllBases returns the DNs under which people are looked for.
func (l LDAP) AllBases() []string {
	if l.Base != "" {
		return []string{l.Base}
	}
	return l.Bases
}

// fingerprint tells configurations apart by what they do: secrets, the log, and
// when and where it is done leave a plan as it is.
func (c *Config) fingerprint() string { return digest(c.deciding()) }

// deciding is the configuration without what changes nothing that a run does.
func (c *Config) deciding() Config {
	whole := *c
	whole.Log, whole.Schedule, whole.Serve, whole.Metrics = Log{}, Schedule{}, Serve{}, Metrics{}
	whole.Mail = c.Mail.deciding()
	return whole
}

// scope tells apart which people are read.
func (c *Config) scope() string {
	return digest(struct {
		Bases              []string
		Filter, LDAP, XiVO string
	}{c.LDAP.AllBases(), c.LDAP.Filter, c.Identifier.LDAP, c.Identifier.XiVO})
}

// mappedFingerprint tells apart what becomes of what was read.
func (c *Config) mappedFingerprint() string {
	return digest(struct {
		Fields    map[string]Field
		Numbering Numbering
		Rules     []Rule
		Queues    map[string]int `json:",omitempty"`
	}{c.Fields, c.Numbering, c.Rules, c.XiVO.Queues})
}

// digest hashes a value in its canonical form: JSON, whose maps are sorted.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // types of this package, which all have a JSON form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
