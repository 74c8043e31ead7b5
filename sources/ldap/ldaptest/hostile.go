package ldaptest

import "strings"

// Each of these makes an entry that a directory really holds somewhere and that
// no program likes. They are added to [People], never part of them.

// SameMail returns a copy of p under another name that has p's mail address.
func SameMail(p Person) Person {
	twin := p.with("uid", p.First("uid")+"-twin")
	delete(twin.Attributes, "ipPhone")
	twin.DN = "uid=" + twin.First("uid") + "," + PeopleDN
	return twin.with("employeeNumber", p.First("employeeNumber")+"9")
}

// Nameless returns an entry with neither surname nor given name, which only an
// object class like account permits.
func Nameless(uid string) Person {
	return Person{DN: "uid=" + uid + "," + PeopleDN, Attributes: map[string][]string{
		"objectClass": {"account", "partsPerson"}, "uid": {uid}, "mail": {uid + "@parts.test"}, "ipPhone": {"7" + uid},
	}}
}

// LongName returns a person whose display name has 10 kB.
func LongName(uid string) Person {
	return plain(uid).with("displayName", strings.Repeat("Très long ", 1000))
}

// ControlCharacters returns a person with a newline, a tab, an escape sequence
// and a NUL in the texts.
func ControlCharacters(uid string) Person {
	return plain(uid).
		with("displayName", "Bell\a \x1b[31mred\x1b[0m").
		with("description", "line one\r\nline two\ttab\x00nul").
		with("l", "\u202eright to left")
}

// InvalidUTF8 returns a person with bytes that are no UTF-8, in the one attribute
// whose syntax allows them (partsBlob).
func InvalidUTF8(uid string) Person {
	return plain(uid).with("partsBlob", "Zo\xe9 \xff\xfe")
}

// Blank returns a person whose title is a single blank.
func Blank(uid string) Person { return plain(uid).with("title", " ") }

func plain(uid string) Person {
	return Person{DN: "uid=" + uid + "," + PeopleDN, Attributes: map[string][]string{
		"objectClass": {"inetOrgPerson", "partsPerson"}, "uid": {uid}, "cn": {uid}, "sn": {uid}, "mail": {uid + "@parts.test"},
	}}
}

// Plain returns a person with only uid, cn, sn and mail; each pair of arguments
// after the uid is an attribute and a value to add.
func Plain(uid string, pairs ...string) Person {
	p := plain(uid)
	for i := 0; i+1 < len(pairs); i += 2 {
		p.Attributes[pairs[i]] = append(p.Attributes[pairs[i]], pairs[i+1])
	}
	return p
}

// with returns a copy that holds these values of the attribute.
func (p Person) with(attribute string, values ...string) Person {
	out := Person{DN: p.DN, Attributes: make(map[string][]string, len(p.Attributes)+1)}
	for name, v := range p.Attributes {
		out.Attributes[name] = v
	}
	out.Attributes[attribute] = values
	return out
}
