package ldaptest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// Person is an entry of the directory.
type Person struct {
	DN         string
	Attributes map[string][]string
}

// First returns the first value of an attribute, or "".
func (p Person) First(attribute string) string {
	if values := p.Attributes[attribute]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// People makes n people below [PeopleDN]; the same n and seed give the same
// people, and the first k of n are the k of [People] with that seed. Their names
// have accents, apostrophes, quotes, CJK characters and what LDAP filters and
// DNs must escape; their numbers come in ten spellings, some have several, some
// none. Everyone has uid, employeeNumber, cn, sn, givenName and mail. Three in
// four have an ipPhone, which is unique up to 100,000 people.
func People(n int, seed uint64) []Person {
	people := make([]Person, n)
	for i := range people {
		people[i] = person(i, rand.New(rand.NewPCG(seed, uint64(i))))
	}
	return people
}

var (
	givenNames = []string{
		"Zoé", "Jean-Loïc", "François", "Marie", "Ève", "Noël", "Aïcha", "Łukasz", "Þóra", "Đặng",
		"小明", "さくら", "민준", "Ольга", "Μαρία", "José María", "Anne", "Pierre", "Jacques", "Chloé",
	}
	surnames = []string{
		"D'Alembert", "O’Neil", "Müller", "Lefèvre", "de La Tour", "Çelik", "Nuñez", "van 't Hoff", "Dupont", "Martin",
		"王", "佐藤", "김", "Иванова", "Παπαδόπουλος", `Smith "Smitty"`, "Star*(fish)", `Back\slash`, "Comma, Jr.", "Plus+Minus",
	}
	towns       = []string{"Lyon", "Paris", "Saint-Étienne", "Besançon"}
	departments = []string{"Sales", "Support", "R&D", "Finance, Legal", "Direction générale"}
	languages   = []string{"fr", "en", "de", "fr-CA"}
	groups      = []string{"callcenter", "managers", "vpn"}
)

func person(i int, r *rand.Rand) Person {
	given, sur := pick(r, givenNames), pick(r, surnames)
	uid := fmt.Sprintf("u%06d", i)
	p := Person{Attributes: map[string][]string{
		"objectClass":       {"inetOrgPerson", "partsPerson"},
		"uid":               {uid},
		"employeeNumber":    {fmt.Sprintf("%06d", 100000+i)},
		"givenName":         {given},
		"sn":                {sur},
		"cn":                {given + " " + sur},
		"mail":              {uid + "@parts.test"},
		"l":                 {pick(r, towns)},
		"department":        {pick(r, departments)},
		"preferredLanguage": {pick(r, languages)},
		"employeeType":      {pick(r, []string{"internal", "internal", "internal", "contractor"})},
		"userPassword":      {"secret-of-" + uid},
	}}
	p.addNumbers(i, r)
	if r.IntN(2) == 0 {
		p.Attributes["displayName"] = []string{strings.ToUpper(sur) + " " + given}
	}
	if r.IntN(5) == 0 {
		p.Attributes["memberOf"] = []string{"cn=" + pick(r, groups) + "," + GroupsDN}
	}
	p.DN = nameEntry(i, p)
	return p
}

// nameEntry names one entry in ten by its common name, which brings commas,
// pluses, quotes and backslashes into DNs, and one in fifty by two attributes.
func nameEntry(i int, p Person) string {
	uid := "uid=" + p.First("uid")
	switch {
	case i%50 == 49:
		return uid + "+cn=" + goldap.EscapeDN(p.First("cn")) + "," + PeopleDN
	case i%10 == 9:
		cn := p.First("cn") + " " + p.First("uid")
		p.Attributes["cn"] = []string{cn}
		return "cn=" + goldap.EscapeDN(cn) + "," + PeopleDN
	}
	return uid + "," + PeopleDN
}

func (p Person) addNumbers(i int, r *rand.Rand) {
	if r.IntN(4) > 0 {
		p.Attributes["ipPhone"] = []string{fmt.Sprint(10000 + i)}
	}
	if r.IntN(5) > 0 {
		p.Attributes["telephoneNumber"] = []string{Spell(i, 472000000+i)}
		if r.IntN(6) == 0 {
			p.Attributes["telephoneNumber"] = append(p.Attributes["telephoneNumber"], Spell(r.IntN(10), 140000000+i))
		}
	}
	if r.IntN(3) == 0 {
		p.Attributes["mobile"] = []string{Spell(r.IntN(10), 612000000+i)}
	}
}

// Spell writes a French number, given by its nine digits after the trunk prefix,
// in one of ten spellings; spelling counts modulo ten.
func Spell(spelling, number int) string {
	d := fmt.Sprintf("%09d", number)
	pairs := func(sep string) string {
		return d[:1] + sep + d[1:3] + sep + d[3:5] + sep + d[5:7] + sep + d[7:]
	}
	switch spelling % 10 {
	case 0:
		return "+33 " + pairs(" ")
	case 1:
		return "+33" + d
	case 2:
		return "0" + pairs(" ")
	case 3:
		return "0" + d
	case 4:
		return "0" + pairs(".")
	case 5:
		return "0" + pairs("-")
	case 6:
		return "+33 (0)" + pairs(" ")
	case 7:
		return "0033 " + pairs(" ")
	case 8:
		return "+33-" + pairs("-")
	}
	return "+33." + pairs(".")
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
