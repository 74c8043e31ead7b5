package reconcile_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

var morning = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// mapped is the mapping of a field that may be emptied, with the defaults of
// the configuration.
func mapped(direction reconcile.Direction, change ...func(*reconcile.Mapping)) *reconcile.Mapping {
	m := &reconcile.Mapping{Field: record.Field{Name: "email", Clearable: true, Surveyed: true}, Attribute: "mail", Direction: direction,
		Conflict: reconcile.TakeManual, First: reconcile.TakeLDAP, Drift: reconcile.DriftRestore, Pick: reconcile.PickOnly}
	for _, c := range change {
		c(m)
	}
	if m.Chain.Fingerprint == "" {
		m.Chain = chain(m.Field)
	}
	return m
}

// chain compiles transforms that have to be right.
func chain(f record.Field, transforms ...reconcile.Transform) reconcile.Chain {
	c, err := reconcile.NewChain(f, reconcile.Numbering{Region: "FR"}, transforms, nil, false)
	if err != nil {
		panic(err)
	}
	return c
}

// based is the base of a mapping with these last-known values.
func based(m *reconcile.Mapping, ldap, xivo string) *record.Base {
	return &record.Base{LDAP: record.Text(ldap), XiVO: record.Text(xivo), Mapping: m.Chain.Fingerprint, Source: m.Source()}
}

// ask is a question about values that were read.
func ask(m *reconcile.Mapping, base *record.Base, ldap, xivo string) reconcile.Question {
	return reconcile.Question{Mapping: m, Base: base, LDAP: record.Text(ldap), XiVO: record.Text(xivo), ReadLDAP: true, ReadXiVO: true,
		Now: morning, Digest: digested}
}

// digested stands for a keyed digest.
func digested(v record.Value) record.Value {
	if v.Empty() {
		return nil
	}
	return record.Text("digest:" + strings.ToUpper(v.First()))
}

// outcome is what a row of the matrix says.
type outcome struct {
	Verdict reconcile.Verdict
	Write   string
	Kind    record.ConflictKind
	Drift   bool
	// Keeps tells that the base is what it was.
	Keeps bool
}

var (
	nothing    = outcome{Verdict: reconcile.Nothing, Keeps: true}
	remember   = outcome{Verdict: reconcile.Remember}
	blocked    = outcome{Verdict: reconcile.Block, Kind: record.EmptyBlocked, Keeps: true}
	conflicted = outcome{Verdict: reconcile.Conflict, Kind: record.ConflictField, Keeps: true}
)

func toXiVO(text string) outcome { return outcome{Verdict: reconcile.WriteXiVO, Write: text} }
func toLDAP(text string) outcome { return outcome{Verdict: reconcile.WriteLDAP, Write: text} }

func drifted(o outcome) outcome {
	o.Drift = true
	return o
}

// summary reduces an answer to what a row says.
func summary(a reconcile.Answer, base *record.Base) outcome {
	return outcome{a.Verdict, a.Write.First(), a.Kind, a.Drift, base != nil && cmp.Equal(a.Base, *base, cmpopts.EquateEmpty())}
}

// TestMatrix walks every row of the table above Decide, three directions each.
func TestMatrix(t *testing.T) {
	for name, tc := range map[string]struct {
		l, x, L, X           string
		both, toXiVO, toLDAP outcome
		noBase, onlyBoth     bool
		change               func(*reconcile.Mapping)
	}{
		"same and same": {l: "a", x: "a", L: "a", X: "a", both: nothing, toXiVO: nothing, toLDAP: nothing},
		"same and same, although they differ": {l: "a", x: "b", L: "a", X: "b",
			both: nothing, toXiVO: nothing, toLDAP: nothing},
		"both changed to the same": {l: "a", x: "a", L: "b", X: "b", both: remember, toXiVO: remember, toLDAP: remember},
		"LDAP came to what XiVO holds": {l: "a", x: "b", L: "b", X: "b",
			both: remember, toXiVO: remember, toLDAP: remember},
		"both emptied":         {l: "a", x: "a", both: remember, toXiVO: remember, toLDAP: remember},
		"only LDAP changed":    {l: "a", x: "a", L: "b", X: "a", both: toXiVO("b"), toXiVO: toXiVO("b"), toLDAP: drifted(toLDAP("a"))},
		"only LDAP was filled": {L: "b", both: toXiVO("b"), toXiVO: toXiVO("b"), toLDAP: remember},
		"only XiVO changed":    {l: "a", x: "a", L: "a", X: "b", both: toLDAP("b"), toXiVO: drifted(toXiVO("a")), toLDAP: toLDAP("b")},
		"only XiVO was emptied": {l: "a", x: "a", L: "a",
			both: blocked, toXiVO: drifted(toXiVO("a")), toLDAP: blocked},
		"only LDAP was emptied": {l: "a", x: "a", X: "a", both: toXiVO(""), toXiVO: toXiVO(""), toLDAP: drifted(toLDAP("a"))},
		"LDAP was emptied, XiVO has long been empty": {l: "a", X: "", x: "",
			both: remember, toXiVO: remember, toLDAP: remember},
		"LDAP changed, XiVO has long been empty": {l: "a", L: "b",
			both: toXiVO("b"), toXiVO: toXiVO("b"), toLDAP: remember},
		"both changed": {l: "a", x: "a", L: "b", X: "c",
			both: conflicted, toXiVO: drifted(toXiVO("b")), toLDAP: drifted(toLDAP("c"))},
		"LDAP changed, XiVO was emptied": {l: "a", x: "a", L: "b",
			both: conflicted, toXiVO: drifted(toXiVO("b")), toLDAP: drifted(blocked)},
		"LDAP was emptied, XiVO changed": {l: "a", x: "a", X: "c",
			both: conflicted, toXiVO: drifted(toXiVO("")), toLDAP: drifted(toLDAP("c"))},
		"first sight of the same":                      {noBase: true, L: "a", X: "a", both: remember, toXiVO: remember, toLDAP: remember},
		"first sight of nothing":                       {noBase: true, both: remember, toXiVO: remember, toLDAP: remember},
		"first sight, only in LDAP":                    {noBase: true, L: "a", both: toXiVO("a"), toXiVO: toXiVO("a"), toLDAP: remember},
		"first sight, only in XiVO":                    {noBase: true, X: "a", both: toLDAP("a"), toXiVO: remember, toLDAP: toLDAP("a")},
		"first sight, two values":                      {noBase: true, L: "a", X: "b", both: toXiVO("a"), toXiVO: toXiVO("a"), toLDAP: toLDAP("b")},
		"first sight, initial xivo":                    {noBase: true, L: "a", X: "b", both: toLDAP("b"), onlyBoth: true, change: initial(reconcile.TakeXiVO)},
		"first sight, to be decided":                   {noBase: true, L: "a", X: "b", both: outcome{Verdict: reconcile.Conflict, Kind: record.ConflictField}, onlyBoth: true, change: initial(reconcile.TakeConflict)},
		"first sight, initial xivo, but XiVO is empty": {noBase: true, L: "a", both: toXiVO("a"), onlyBoth: true, change: initial(reconcile.TakeXiVO)},
		"both changed, conflict ldap":                  {l: "a", x: "a", L: "b", X: "c", both: toXiVO("b"), onlyBoth: true, change: policy(reconcile.TakeLDAP)},
		"both changed, conflict xivo":                  {l: "a", x: "a", L: "b", X: "c", both: toLDAP("c"), onlyBoth: true, change: policy(reconcile.TakeXiVO)},
		"LDAP emptied, XiVO changed, conflict ldap":    {l: "a", x: "a", X: "c", both: toXiVO(""), onlyBoth: true, change: policy(reconcile.TakeLDAP)},
	} {
		for direction, want := range map[reconcile.Direction]outcome{reconcile.Both: tc.both, reconcile.ToXiVO: tc.toXiVO, reconcile.ToLDAP: tc.toLDAP} {
			if tc.onlyBoth && direction != reconcile.Both {
				continue
			}
			t.Run(name+"/"+string(direction), func(t *testing.T) {
				m := mapped(direction)
				if tc.change != nil {
					tc.change(m)
				}
				var base *record.Base
				if !tc.noBase {
					base = based(m, tc.l, tc.x)
				}
				got := summary(reconcile.Decide(ask(m, base, tc.L, tc.X)), base)
				if want.Verdict == reconcile.Remember {
					got.Keeps = false
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

func initial(take reconcile.Take) func(*reconcile.Mapping) {
	return func(m *reconcile.Mapping) { m.First = take }
}

func policy(take reconcile.Take) func(*reconcile.Mapping) {
	return func(m *reconcile.Mapping) { m.Conflict = take }
}

// decide answers, and fails the test unless the outcome is this one.
func decide(t *testing.T, q reconcile.Question, want outcome) reconcile.Answer {
	t.Helper()
	a := reconcile.Decide(q)
	got := summary(a, q.Base)
	if want.Verdict == reconcile.Remember {
		got.Keeps = false
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	return a
}

func TestWhereXiVOIsEmptyThePolicyXivoIsBlocked(t *testing.T) {
	m := mapped(reconcile.Both, policy(reconcile.TakeXiVO))
	decide(t, ask(m, based(m, "a", "a"), "b", ""), blocked)
}

func TestARequiredFieldThatIsEmptiedIsAConflict(t *testing.T) {
	for _, direction := range []reconcile.Direction{reconcile.Both, reconcile.ToXiVO} {
		m := mapped(direction, func(m *reconcile.Mapping) { m.Field.Clearable = false })
		decide(t, ask(m, based(m, "a", "a"), "", "a"), outcome{Verdict: reconcile.Conflict, Kind: record.RequiredEmpty, Keeps: true})
	}
}

func TestDriftOnAFieldWithoutAnOpinionIsKeptAndToldOnce(t *testing.T) {
	m := mapped(reconcile.ToXiVO)
	first := decide(t, ask(m, based(m, "", "a"), "", "b"), remember)
	if first.Note == "" {
		t.Error("it is not told")
	}
	second := decide(t, ask(m, &first.Base, "", "c"), remember)
	if second.Note != "" {
		t.Errorf("it is told twice: %s", second.Note)
	}
	if diff := cmp.Diff(record.Text("c"), second.Base.XiVO); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDriftIsKeptWhereThePolicySaysSo(t *testing.T) {
	m := mapped(reconcile.ToXiVO, func(m *reconcile.Mapping) { m.Drift = reconcile.DriftKeep })
	a := decide(t, ask(m, based(m, "a", "a"), "a", "b"), remember)
	decide(t, ask(m, &a.Base, "a", "b"), nothing)
}

// restore takes an edit back, and returns the base after that.
func restore(t *testing.T, m *reconcile.Mapping, base *record.Base, edit string, at time.Time) *record.Base {
	t.Helper()
	q := ask(m, base, "a", edit)
	q.Now = at
	a := decide(t, q, drifted(toXiVO("a")))
	a.Base.XiVO = record.Text("a")
	return &a.Base
}

func TestThreeRestoresWithinSevenDaysMakeItContestedAndItStaysSo(t *testing.T) {
	m := mapped(reconcile.ToXiVO)
	contested := drifted(outcome{Verdict: reconcile.Conflict, Kind: record.Contested, Keeps: true})
	base := based(m, "a", "a")
	for day := range 3 {
		base = restore(t, m, base, "b", morning.AddDate(0, 0, 2*day))
	}
	for _, days := range []int{6, 30, 400} {
		q := ask(m, base, "a", "b")
		q.Now = morning.AddDate(0, 0, days)
		if a := decide(t, q, contested); !cmp.Equal(a.Base, *base) {
			t.Errorf("the base advanced: %s", cmp.Diff(*base, a.Base))
		}
	}
	decide(t, ask(m, base, "a", "another"), drifted(toXiVO("a")))
	decide(t, ask(m, base, "a", "a"), nothing)
}

func TestThreeRestoresOverMoreThanSevenDaysAreNotContested(t *testing.T) {
	m := mapped(reconcile.ToXiVO)
	base := based(m, "a", "a")
	for week := range 6 {
		base = restore(t, m, base, "b", morning.AddDate(0, 0, 4*week))
	}
}

func TestRestoresAgainstDifferentValuesAreNotContested(t *testing.T) {
	m := mapped(reconcile.ToXiVO)
	base := based(m, "a", "a")
	for i := range 6 {
		base = restore(t, m, base, string(rune('b'+i)), morning.Add(time.Duration(i)*time.Hour))
	}
}

func TestAConflictKeepsItsBaseAndClosesWhenOneSideGoesBack(t *testing.T) {
	m := mapped(reconcile.Both)
	base := based(m, "a", "a")
	a := decide(t, ask(m, base, "b", "c"), conflicted)
	a = decide(t, ask(m, &a.Base, "b", "c"), conflicted)
	decide(t, ask(m, &a.Base, "b", "a"), toXiVO("b"))
	decide(t, ask(m, &a.Base, "a", "c"), toLDAP("c"))
	decide(t, ask(m, &a.Base, "c", "c"), remember)
}

func TestABlockKeepsItsBaseAndClosesWhenOneSideGoesBack(t *testing.T) {
	m := mapped(reconcile.Both)
	a := decide(t, ask(m, based(m, "a", "a"), "a", ""), blocked)
	decide(t, ask(m, &a.Base, "a", "a"), nothing)
	decide(t, ask(m, &a.Base, "", ""), remember)
	decide(t, ask(m, &a.Base, "a", "b"), toLDAP("b"))
}

// several asks about an attribute with several values.
func several(m *reconcile.Mapping, base *record.Base, xivo string, ldap ...string) reconcile.Question {
	q := ask(m, base, "", xivo)
	q.LDAP = record.Texts(ldap...)
	return q
}

func TestOfSeveralValuesPickDecides(t *testing.T) {
	ambiguous := outcome{Verdict: reconcile.Conflict, Kind: record.AmbiguousValue}
	for name, tc := range map[string]struct {
		pick    reconcile.Pick
		pattern string
		values  []string
		want    outcome
	}{
		"only: a conflict":                      {pick: reconcile.PickOnly, values: []string{"a1", "b1"}, want: ambiguous},
		"first":                                 {pick: reconcile.PickFirst, values: []string{"a1", "b1"}, want: toXiVO("a1")},
		"the one that matches":                  {pick: reconcile.PickMatches, pattern: "^b", values: []string{"a1", "b1"}, want: toXiVO("b1")},
		"two that match: a conflict":            {pick: reconcile.PickMatches, pattern: "^b", values: []string{"a1", "b1", "b2"}, want: ambiguous},
		"none that matches is nothing":          {pick: reconcile.PickMatches, pattern: "^c", values: []string{"a1", "b1"}, want: remember},
		"a single value is taken by any policy": {pick: reconcile.PickOnly, values: []string{"a1"}, want: toXiVO("a1")},
	} {
		t.Run(name, func(t *testing.T) {
			m := mapped(reconcile.ToXiVO, func(m *reconcile.Mapping) {
				m.Pick, m.PickPattern = tc.pick, regexp.MustCompile(tc.pattern)
			})
			decide(t, several(m, nil, "", tc.values...), tc.want)
		})
	}
}

func TestTheValueThatWasTakenIsKeptWhileItIsThere(t *testing.T) {
	for _, p := range []reconcile.Pick{reconcile.PickOnly, reconcile.PickFirst, reconcile.PickMatches} {
		m := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Pick, m.PickPattern = p, regexp.MustCompile("a") })
		a := decide(t, several(m, based(m, "b", "b"), "b", "a", "b", "c"), remember)
		if diff := cmp.Diff(record.Text("b"), a.Base.LDAP); diff != "" {
			t.Errorf("%s (-want +got)\n%s", p, diff)
		}
	}
}

func TestAWriteBackAmongSeveralOfWhichNoneMatchesIsAConflict(t *testing.T) {
	m := mapped(reconcile.Both, func(m *reconcile.Mapping) {
		m.Pick, m.PickPattern = reconcile.PickMatches, regexp.MustCompile("^c")
	})
	decide(t, several(m, nil, "x", "a1", "b1"), outcome{Verdict: reconcile.Conflict, Kind: record.AmbiguousValue})
}

func TestAWriteBackReplacesTheOneValueThatWasTaken(t *testing.T) {
	m := mapped(reconcile.Both)
	a := decide(t, several(m, based(m, "b", "b"), "new", "a", "b", "c"), toLDAP("new"))
	if diff := cmp.Diff(record.Text("b"), a.Replaces); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestAChangedMappingKeepsTheBase has the four combinations of raw edits.
func TestAChangedMappingKeepsTheBase(t *testing.T) {
	upper, trim := reconcile.Transform{Case: "upper"}, reconcile.Transform{Trim: true}
	for name, tc := range map[string]struct {
		now  reconcile.Transform
		L, X string
		want outcome
	}{
		"nobody edited: counts as changed in LDAP": {upper, "a", "a", toXiVO("A")},
		"LDAP was edited":                          {upper, "b", "a", toXiVO("B")},
		"XiVO was edited":                          {trim, "a", "c", toLDAP("c")},
		"both were edited":                         {upper, "b", "c", conflicted},
		"XiVO holds the new form already":          {upper, "a", "A", remember},
	} {
		t.Run(name, func(t *testing.T) {
			old := mapped(reconcile.Both)
			m := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Chain = chain(m.Field, tc.now) })
			decide(t, ask(m, based(old, "a", "a"), tc.L, tc.X), tc.want)
		})
	}
}

func TestAnotherAttributeIsFirstSight(t *testing.T) {
	old := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Attribute = "otherMailbox" })
	m := mapped(reconcile.Both)
	base := based(old, "a", "a")
	decide(t, ask(m, base, "a", "b"), toXiVO("a"))
	decide(t, ask(m, base, "", "b"), toLDAP("b"))
	a := decide(t, ask(m, base, "a", "a"), remember)
	if a.Base.Source != m.Source() {
		t.Errorf("the base still says that it came from %s", a.Base.Source)
	}
	decide(t, ask(m, &a.Base, "a", "b"), toLDAP("b"))
}

func TestAnotherSpellingOfTheAttributeIsTheSameAttribute(t *testing.T) {
	old := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Attribute = "MAIL" })
	m := mapped(reconcile.Both)
	decide(t, ask(m, based(old, "a", "a"), "a", "b"), toLDAP("b"))
}

func TestAtFirstSightOfAnotherAttributeTheUserHasToBeReadFirst(t *testing.T) {
	old := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Attribute = "otherMailbox" })
	m := mapped(reconcile.Both)
	q := ask(m, based(old, "a", "a"), "", "")
	q.ReadXiVO = false
	if a := reconcile.Decide(q); a.Verdict != reconcile.Nothing || !a.Unread {
		t.Errorf("verdict %d, unread %v: what XiVO holds is not known", a.Verdict, a.Unread)
	}
}

func TestAReformattedNumberIsNoChange(t *testing.T) {
	m := mapped(reconcile.ToXiVO, func(m *reconcile.Mapping) {
		m.Field.Phone = true
		m.Chain = chain(m.Field, reconcile.Transform{Number: reconcile.FormatE164})
	})
	for _, spelling := range []string{"01 23 45 67 89", "+33 (0)1 23 45 67 89", "0033123456789", "01.23.45.67.89"} {
		decide(t, ask(m, based(m, "+33 1 23 45 67 89", "+33123456789"), spelling, "0123456789"), remember)
	}
}

func TestCaseIsNoChangeWhereTheFieldHasNone(t *testing.T) {
	fold := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Field.FoldCase = true })
	decide(t, ask(fold, based(fold, "a@x", "a@x"), "A@x", "a@X"), remember)
	exact := mapped(reconcile.Both)
	decide(t, ask(exact, based(exact, "a", "a"), "A", "a"), toXiVO("A"))
}

func TestANotReadValueCountsAsUnchanged(t *testing.T) {
	m := mapped(reconcile.Both)
	q := ask(m, based(m, "a", "a"), "b", "")
	q.ReadXiVO = false
	decide(t, q, toXiVO("b"))
	q = ask(m, based(m, "a", "a"), "", "b")
	q.ReadLDAP = false
	decide(t, q, toLDAP("b"))
}

// echo is a base after a write-back of b over a, made as version 5.
func echo(m *reconcile.Mapping) *record.Base {
	b := based(m, "b", "b")
	b.Echo = &record.Echo{Before: record.Text("a"), After: record.Text("b"), Version: "20261121080000.000005Z#000000#000#000000"}
	return b
}

func TestTheBeforeValueWithoutANewerVersionCountsAsNotRead(t *testing.T) {
	m := mapped(reconcile.Both)
	for version, want := range map[string]outcome{
		"20261121080000.000004Z#000000#000#000000": remember,
		"20261121080000.000006Z#000000#000#000000": toXiVO("a"),
		"": toXiVO("a"),
	} {
		q := ask(m, echo(m), "a", "b")
		q.Version = version
		a := decide(t, q, want)
		if a.Echoed != (want.Verdict == reconcile.Remember) {
			t.Errorf("version %q: echoed %v", version, a.Echoed)
		}
		if a.Echoed && (a.Base.Echo == nil || !a.Base.LDAP.Equal(record.Text("b"))) {
			t.Errorf("the stale value was remembered: %+v", a.Base)
		}
	}
}

func TestAStaleReplicaDoesNotHideXiVOsEdit(t *testing.T) {
	m := mapped(reconcile.Both)
	q := ask(m, echo(m), "a", "c")
	q.Version = "20261121080000.000004Z#000000#000#000000"
	a := decide(t, q, toLDAP("c"))
	if diff := cmp.Diff(record.Text("b"), a.Replaces); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAStaleReplicaOfSeveralValuesCountsAsNotReadToo(t *testing.T) {
	m := mapped(reconcile.Both)
	q := several(m, echo(m), "b", "other", "a")
	q.Version = "20261121080000.000004Z#000000#000#000000"
	if a := decide(t, q, remember); !a.Echoed {
		t.Error("it was taken for a change")
	}
}

func TestNewer(t *testing.T) {
	for name, tc := range map[string]struct {
		version, than string
		want          bool
	}{
		"a later entryCSN":                     {"20261121080001.000000Z#000000#000#000000", "20261121080000.999999Z#000000#000#000000", true},
		"an earlier entryCSN":                  {"20261121080000.000000Z#000000#000#000000", "20261121080000.000001Z#000000#000#000000", false},
		"the same":                             {"20261121080000.000000Z#000000#000#000000", "20261121080000.000000Z#000000#000#000000", false},
		"a larger count with more digits":      {"10000@dc1", "9999@dc1", true},
		"a smaller count with fewer digits":    {"9999@dc1", "10000@dc1", false},
		"a smaller count with as many":         {"1001@dc1", "1002@dc1", false},
		"another server counts for itself":     {"1@dc2", "10000@dc1", true},
		"not known now":                        {"", "10000@dc1", true},
		"not known then":                       {"1@dc1", "", true},
		"the server changed its kind of stamp": {"20261121080000.000000Z#000000#000#000000", "1@dc1", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reconcile.Newer(tc.version, tc.than); got != tc.want {
				t.Errorf("Newer(%q, %q) = %v", tc.version, tc.than, got)
			}
		})
	}
}

// secretMapping maps a field whose values are remembered as digests.
func secretMapping() *reconcile.Mapping {
	return mapped(reconcile.ToXiVO, func(m *reconcile.Mapping) {
		m.Field.Secret = true
	})
}

func secretBase(m *reconcile.Mapping, ldap, xivo string) *record.Base {
	b := based(m, "", "")
	b.LDAP, b.XiVO = digested(record.Text(ldap)), digested(record.Text(xivo))
	return b
}

func TestSecretsAreComparedAndRememberedByDigest(t *testing.T) {
	m := secretMapping()
	decide(t, ask(m, secretBase(m, "s1", "s1"), "s1", "s1"), remember)
	a := decide(t, ask(m, secretBase(m, "s1", "s1"), "s2", "s1"), toXiVO("s2"))
	if diff := cmp.Diff(digested(record.Text("s2")), a.Base.LDAP); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, v := range []record.Value{a.Base.LDAP, a.Base.XiVO, a.Base.Was} {
		if slices.Contains(v, "s1") || slices.Contains(v, "s2") {
			t.Errorf("the base holds a secret in clear: %+v", a.Base)
		}
	}
}

func TestASecretIsNeverWrittenFromItsDigest(t *testing.T) {
	m := secretMapping()
	q := ask(m, secretBase(m, "s1", "s1"), "", "edited")
	q.ReadLDAP = false
	a := reconcile.Decide(q)
	if a.Verdict != reconcile.Nothing || !a.Unread || !a.Write.Empty() {
		t.Errorf("verdict %d, unread %v, write %q", a.Verdict, a.Unread, a.Write)
	}
}

func TestASecretThatWasNotReadIsNotPutThroughTheTransforms(t *testing.T) {
	m := secretMapping()
	m.Chain = chain(m.Field, reconcile.Transform{Map: map[string]string{"s1": "t1"}})
	b := secretBase(m, "s1", "t1")
	b.Mapping = m.Chain.Fingerprint
	q := ask(m, b, "", "t1")
	q.ReadLDAP = false
	if a := reconcile.Decide(q); a.Verdict == reconcile.Conflict {
		t.Errorf("the digest was taken for a value: %s", a.Message)
	}
}

func TestAValueThatCannotBeReadIsKeptAndHoldsOnlyItsField(t *testing.T) {
	m := mapped(reconcile.ToXiVO, func(m *reconcile.Mapping) {
		m.Field.Phone = true
		m.Chain = chain(m.Field, reconcile.Transform{Number: reconcile.FormatE164})
	})
	decide(t, ask(m, based(m, "0123456789", "+33123456789"), "s1234", "+33123456789"),
		outcome{Verdict: reconcile.Conflict, Kind: record.NumberInvalid, Keeps: true})
}

func TestDirectionsNoneAndInitialAreNotCompared(t *testing.T) {
	for direction, want := range map[reconcile.Direction]bool{reconcile.None: false, reconcile.Initial: false,
		reconcile.Both: true, reconcile.ToXiVO: true, reconcile.ToLDAP: true} {
		if got := mapped(direction).Compared(); got != want {
			t.Errorf("%s is compared: %v", direction, got)
		}
	}
}

func TestSeeingTheValueBeforeOurLastWriteAgainIsTold(t *testing.T) {
	m := mapped(reconcile.ToXiVO)
	a := decide(t, ask(m, based(m, "a", "a"), "b", "a"), toXiVO("b"))
	a.Base.XiVO = record.Text("b")
	if again := decide(t, ask(m, &a.Base, "b", "a"), drifted(toXiVO("b"))); !again.Reverted {
		t.Error("XiVO shows the value before our last write, and it is not told")
	}
	if other := decide(t, ask(m, &a.Base, "b", "c"), drifted(toXiVO("b"))); other.Reverted {
		t.Error("another value counts as reverted")
	}
}
