package ldaptest

// GroupDN is where a group of this name is.
func GroupDN(name string) string { return "cn=" + name + "," + GroupsDN }

// Group is a groupOfNames with these members, by DN. A server wants at least one.
func Group(name string, members ...string) Person {
	return Person{DN: GroupDN(name), Attributes: map[string][]string{
		"objectClass": {"groupOfNames"}, "cn": {name}, "member": members,
	}}
}

// UniqueGroup is a groupOfUniqueNames.
func UniqueGroup(name string, members ...string) Person {
	return Person{DN: GroupDN(name), Attributes: map[string][]string{
		"objectClass": {"groupOfUniqueNames"}, "cn": {name}, "uniqueMember": members,
	}}
}

// PosixGroup is a posixGroup with these members, by uid; it may have none.
func PosixGroup(name string, uids ...string) Person {
	p := Person{DN: GroupDN(name), Attributes: map[string][]string{
		"objectClass": {"posixGroup"}, "cn": {name}, "gidNumber": {"500"},
	}}
	if len(uids) > 0 {
		p.Attributes["memberUid"] = uids
	}
	return p
}
