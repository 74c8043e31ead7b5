package reconcile

import (
	"fmt"
	"testing"
	"time"

	"xivosync/reconcile/record"
)

// BenchmarkMerge merges whole persons and proposes their changes, as a run does
// for whoever it has to look at: of a hundred, two have a change.
func BenchmarkMerge(b *testing.B) {
	e := &Engine{Now: time.Now, Settings: Settings{Identifier: IdentifierMap{LDAP: "uid", XiVO: "userfield"}}}
	names := []string{"email", "firstname", "language", "lastname", "mobile_phone_number"}
	for _, name := range names {
		f := record.Field{Name: name, Clearable: true, Surveyed: true, FoldCase: name == "email", Phone: name == "mobile_phone_number"}
		var transforms []Transform
		if f.Phone {
			transforms = []Transform{{Number: FormatE164}}
		}
		c, err := NewChain(f, Numbering{Region: "FR"}, transforms, nil, false)
		if err != nil {
			b.Fatal(err)
		}
		e.Settings.Fields = append(e.Settings.Fields, Mapping{Field: f, Attribute: "ldap-" + name, Direction: Both, Chain: c})
	}
	people := make([]*person, 100)
	for i := range people {
		people[i] = benchPerson(e, i)
	}
	people[10].entry.Values["ldap-lastname"] = record.Text("Married")
	people[60].user.Values["email"] = record.Text("new@parts.test")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, p := range people {
			e.merge(p)
			e.propose(p)
		}
		n += len(people) * len(names)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "fields/s")
	if people[10].xivo == nil || len(people[60].ldap) != 1 {
		b.Error("the changes were not proposed")
	}
}

// benchPerson is a linked person who is in step.
func benchPerson(e *Engine, i int) *person {
	id := fmt.Sprintf("p%03d", i)
	link := record.Link{Number: uint64(i + 1), Entry: "entry-" + id, User: "user-" + id, Identifier: id}
	p := &person{
		state: record.State{Link: link, Fields: map[string]record.Base{}},
		entry: &record.Record{Side: record.LDAP, ID: link.Entry, Identifier: id, Values: map[string]record.Value{}},
		user:  &record.Record{Side: record.XiVO, ID: link.User, Identifier: id, Values: map[string]record.Value{}},
	}
	for j := range e.Settings.Fields {
		m := &e.Settings.Fields[j]
		l, x := record.Text(id+m.Field.Name), record.Text(id+m.Field.Name)
		if m.Field.Phone {
			l, x = record.Text(fmt.Sprintf("06 12 34 5%03d", i)), record.Text(fmt.Sprintf("+3361234 5%03d", i))
		}
		p.entry.Values[m.Attribute], p.user.Values[m.Field.Name] = l, x
		p.state.Fields[m.Field.Name] = record.Base{LDAP: l, XiVO: x, Mapping: m.Chain.Fingerprint, Source: m.Source()}
	}
	return p
}
