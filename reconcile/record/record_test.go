package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestValuesSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
			return string(rapid.SliceOfN(rapid.Byte(), 1, 5).Draw(t, "bytes"))
		})).Draw(t, "texts")
		want := Texts(texts...)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Value
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !got.Equal(want) {
			t.Errorf("%q became %s and then %q", want, text, got)
		}
	})
}

func TestNullAnAbsentValueAndTheEmptyTextAreOne(t *testing.T) {
	for _, text := range []string{`null`, `""`, `[]`} {
		v := Text("before")
		if err := json.Unmarshal([]byte(text), &v); err != nil || !v.Empty() {
			t.Errorf("%s reads as %q, error %v", text, v, err)
		}
	}
	for _, v := range []Value{nil, {}, Text(""), Texts("", "")} {
		if !v.Empty() || !v.Equal(nil) || v.First() != "" {
			t.Errorf("%#v is not empty", v)
		}
	}
}

func TestWhatIsNoValueIsAnError(t *testing.T) {
	for _, text := range []string{`{`, `1`, `[1]`, `{"base64":"!"}`, `{"base64":1}`, `["a",{"base64":"!"}]`} {
		var v Value
		if err := json.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s reads as %q", text, v)
		}
	}
}

func TestASecretIsShownAsOne(t *testing.T) {
	d := Delta{Attribute: "password", Before: Text("hunter1"), After: Text("hunter2"), Secret: true}
	conflict := Conflict{Secret: true, Base: Pair{LDAP: Text("hunter1")}, Now: Pair{XiVO: Text("hunter2")}, Raw: Pair{XiVO: Text("hunter2")}}
	hold := Hold{Secret: true, Value: Text("hunter2")}
	mail, err := json.Marshal(Mail{Data: map[string]string{"hunter0": "hunter2"}})
	if err != nil || strings.Contains(string(mail), "hunter") {
		t.Errorf("%s, error %v", mail, err)
	}
	for _, printed := range []any{d, Change{Fields: map[string]Delta{"password": d}}, conflict, hold} {
		text, err := json.Marshal(printed)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "hunter") || !strings.Contains(string(text), `{"secret":true}`) {
			t.Errorf("%s", text)
		}
	}
	text, _ := json.Marshal(Delta{Secret: true})
	if diff := cmp.Diff(`{"before":null,"after":null}`, string(text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestConflictsAreToldApartByRecordAndField(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b Conflict
		same bool
	}{
		"the same entry and field":     {Conflict{Entry: "e", Field: "email"}, Conflict{Entry: "e", Field: "email", Kind: Rejected, Link: 3}, true},
		"another field":                {Conflict{Entry: "e", Field: "email"}, Conflict{Entry: "e", Field: "lastname"}, false},
		"another entry":                {Conflict{Entry: "e"}, Conflict{Entry: "f"}, false},
		"a user where no entry is":     {Conflict{Person: Person{UUID: "u"}}, Conflict{Person: Person{UUID: "v"}}, false},
		"the entry goes before a user": {Conflict{Entry: "e", Person: Person{UUID: "u"}}, Conflict{Entry: "e"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.a.Key() == tc.b.Key(); got != tc.same {
				t.Errorf("%q and %q", tc.a.Key(), tc.b.Key())
			}
		})
	}
}

func TestAHoldGoesByEntryThenUser(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b Hold
		same bool
	}{
		"the entry goes before the user": {Hold{Entry: "e", User: "u", Field: "email"}, Hold{Entry: "e", Field: "email", Link: 3}, true},
		"a user where no entry is":       {Hold{User: "u"}, Hold{User: "v"}, false},
		"one field and all of them":      {Hold{Entry: "e", Field: "email"}, Hold{Entry: "e"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.a.Key() == tc.b.Key(); got != tc.same {
				t.Errorf("%q and %q", tc.a.Key(), tc.b.Key())
			}
		})
	}
}

func TestAHoldIsPrintedUnderStableKeys(t *testing.T) {
	text, err := json.Marshal(Hold{Number: 3, Person: Person{Identifier: "ann"}, Field: "email", Side: LDAP, Value: Text("a@x"), Run: 7, Who: "zoé", Why: "so"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":3,"record":"ann","dn":"","uuid":"","name":"","site":"","field":"email","side":"ldap","value":"a@x","run":7,"who":"zoé","why":"so","since":"0001-01-01T00:00:00Z"}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnErrorThatNobodyClassifiedEndsTheRun(t *testing.T) {
	cause := errors.New("reset")
	stale := &Error{Side: XiVO, Class: Stale, Object: "user u", Err: cause}
	if got := ClassOf(fmt.Errorf("write: %w", stale)); got != Stale {
		t.Errorf("class %d", got)
	}
	if got := ClassOf(cause); got != Down {
		t.Errorf("class %d", got)
	}
	if !errors.Is(stale, cause) || stale.Error() != "xivo: user u: reset" {
		t.Errorf("%v", stale)
	}
}

func TestAPersonIsNamedByWhatAReaderKnowsBest(t *testing.T) {
	for want, p := range map[string]Person{
		"Ann": {Name: "Ann", Identifier: "ann", DN: "uid=ann", UUID: "u"}, "ann": {Identifier: "ann", DN: "uid=ann", UUID: "u"},
		"uid=ann": {DN: "uid=ann", UUID: "u"}, "u": {UUID: "u"}, "?": {},
	} {
		if diff := cmp.Diff(want, p.Label()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
