package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
)

// lookAtDirectory logs in and reads everybody.
func (i *inspection) lookAtDirectory(ctx context.Context) {
	i.section = "Directory"
	directory, err := openDirectory(ctx, i.cfg, i.settings, reconcile.Memory{}, i.log, nil)
	if err != nil {
		i.note(wrong, hintOf(err, "check [ldap] url, ca, bind_dn and password"), "%s", err)
		return
	}
	defer directory.Close() // nothing was written
	can, err := directory.Capabilities(ctx)
	if err == nil {
		i.directory, err = directory.Identity(ctx)
	}
	if err != nil {
		i.note(wrong, "", "%s", err)
		return
	}
	i.note(right, "", "connected to %s and logged in as %s", can.URL, orNobody(i.cfg.LDAP.BindDN))
	i.note(right, "", "it is %s and holds %s", cmp.Or(can.Vendor, "a server that does not say what it is"), i.directory)
	i.describe(can)
	i.writable(ctx, directory, can.Sample)
	i.listDirectory(ctx, directory, can.ID)
}

// describe tells how safe the connection is, and what the server can do.
func (i *inspection) describe(can ldap.Capabilities) {
	i.note(right, "", "encryption: %s", cmp.Or(can.TLS, "none; the server is on this machine"))
	if can.Groups != "" {
		i.note(right, "", "groups are found %s", can.Groups)
	}
	for _, control := range can.Controls {
		if control.Name == "assertion" && control.Supported && can.Sample != "" && !can.VersionReadable {
			i.note(unusual, "let the account read it", "assertion: a write is guarded by the value that it replaces alone, since %s cannot be read of %s", can.Version, can.Sample)
		} else if control.Supported {
			i.note(right, "", "%s: %s", control.Name, control.Meaning)
		} else {
			i.note(unusual, "", "no %s: %s", control.Name, control.Meaning)
		}
	}
	i.describeFollowing(can)
	if can.Sample != "" && !can.IDReadable {
		i.note(wrong, "let the account read it", "%s, which names an entry for good, cannot be read of %s", can.ID, can.Sample)
	}
}

// describeFollowing tells how an incremental run would find what changed.
func (i *inspection) describeFollowing(can ldap.Capabilities) {
	hint := ""
	if can.Vendor == "OpenLDAP" {
		hint = "it takes the overlay syncprov, and the right to read contextCSN of the suffix"
	}
	const slower = "who is gone is found by full runs, and by an incremental one that lists everybody's id when nobody did for an hour, which takes about a fifth of a full reading"
	switch {
	case can.Following == "":
		i.note(unusual, hint, "incremental runs read everybody: nothing tells this account what changed")
	case can.Deletions:
		i.note(right, "", "incremental runs follow the changes by %s", can.Following)
	case can.ActiveDirectory && can.Following == "dirsync":
		i.note(unusual, "grant the account \"list contents\" and \"read property\" on CN=Deleted Objects (dsacls … /takeownership, then /g ACCOUNT:LCRP)",
			"incremental runs follow the changes by dirsync, but the account does not see what is deleted: %s", slower)
	default:
		i.note(right, hint, "incremental runs follow the changes by %s, which does not show what is deleted: %s", can.Following, slower)
	}
}

// writable tells which attributes that fields travel back to the account may not
// write, as seen at one person.
func (i *inspection) writable(ctx context.Context, directory *ldap.Directory, sample string) {
	var written []string
	for _, m := range i.settings.Fields {
		back := m.Direction == reconcile.Both || m.Direction == reconcile.ToLDAP
		if back && m.Attribute != "" && !slices.Contains(written, m.Attribute) {
			written = append(written, m.Attribute)
		}
	}
	if len(written) == 0 || sample == "" {
		return
	}
	refused, err := directory.Unwritable(ctx, sample, written)
	if err != nil {
		i.note(wrong, "", "%s", err)
		return
	}
	for _, attribute := range refused {
		i.note(wrong, "grant the account the right to write it (docs/accounts.md), or give its field the direction to_xivo", "%s of %s cannot be written by this account", attribute, sample)
	}
	if len(refused) == 0 {
		i.note(right, "", "nothing keeps the account from writing %s", strings.Join(written, ", "))
	}
}

func orNobody(bindDN string) string {
	if bindDN == "" {
		return "nobody (anonymous)"
	}
	return bindDN
}

// listDirectory counts the people, and those for whom each attribute is filled.
// The attribute id names an entry for good on this server.
func (i *inspection) listDirectory(ctx context.Context, directory *ldap.Directory, id string) {
	people, unidentified, disabled := 0, 0, 0
	filled := map[string]int{}
	trips := trips{engine: &reconcile.Engine{Settings: i.settings}}
	for r, err := range directory.List(ctx, record.Detail) {
		if err != nil {
			i.note(wrong, "", "%s", err)
			return
		}
		people++
		i.progress("reading the directory", people, 0)
		if r.Identifier == "" {
			unidentified++
		}
		if r.Disabled {
			disabled++
		}
		trips.take(r)
		for attribute, v := range r.Values {
			if !v.Empty() {
				filled[attribute]++
			}
		}
	}
	if people == 0 {
		i.note(wrong, "check base, filter and what the account may see", "nobody is listed under %s with %s", strings.Join(i.cfg.LDAP.AllBases(), ", "), i.cfg.LDAP.Filter)
		return
	}
	i.note(right, "", "%s, %d of them disabled", count(people, "person"), disabled)
	switch {
	case unidentified == people:
		i.note(wrong, fmt.Sprintf("check [identifier] ldap and what the account may read; what names an entry for good is %s here", id), "none of them has %s: nobody can be paired", i.settings.Identifier.LDAP)
	case unidentified > 0:
		i.note(unusual, "people without one are left alone", "%d of them have no %s", unidentified, i.settings.Identifier.LDAP)
	}
	for _, attribute := range attributes(i.settings) {
		state, hint := right, ""
		if filled[attribute] == 0 {
			state, hint = unusual, "check the attribute's name, and that the account may read it"
		}
		i.note(state, hint, "%s is filled for %d of %d", attribute, filled[attribute], people)
	}
	trips.tell(i)
}

// trips collects the values that XiVO would not take, or that would not come back
// from it as the same.
type trips struct {
	engine *reconcile.Engine
	values int
	lost   []reconcile.Note
}

// shownTrips is how many of them are shown.
const shownTrips = 5

func (t *trips) take(r record.Record) {
	t.values++
	t.lost = append(t.lost, t.engine.Trip(r)...)
}

func (t *trips) tell(i *inspection) {
	if len(t.lost) == 0 {
		i.note(right, "", "every value of %s can be written to XiVO, and back where its field goes both ways", count(t.values, "person"))
		return
	}
	for n, lost := range t.lost {
		if n == shownTrips {
			i.note(unusual, "\"xivosync plan\" shows each", "%d more like these", len(t.lost)-n)
			return
		}
		hint := "it will be a conflict"
		if m := i.settings.Mapping(lost.Field); m != nil && m.Attribute != "" {
			hint += fmt.Sprintf("; correct %s in the directory: %s", m.Attribute, plain(lost.Person.DN))
		}
		i.note(unusual, hint, "%s, %s: %s", plain(lost.Person.Label()), lost.Field, plain(lost.Text))
	}
}
