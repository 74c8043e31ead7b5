package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/store"
	"xivosync/targets/xivo"
)

// configuration tells what is kept in step.
func (i *inspection) configuration(path string) {
	i.section = "Configuration"
	i.note(right, "", "%s", path)
	i.note(right, "", "people are paired by %s in the directory and %s in XiVO", i.settings.Identifier.LDAP, i.settings.Identifier.XiVO)
	byDirection := map[reconcile.Direction][]string{}
	for _, m := range i.settings.Fields {
		byDirection[m.Direction] = append(byDirection[m.Direction], m.Field.Name)
	}
	for _, d := range []reconcile.Direction{reconcile.ToXiVO, reconcile.Both, reconcile.ToLDAP, reconcile.Initial, reconcile.None} {
		if names := byDirection[d]; len(names) > 0 {
			i.note(right, "", "%s: %s", directionWords[d], strings.Join(names, ", "))
		}
	}
}

var directionWords = map[reconcile.Direction]string{
	reconcile.ToXiVO:  "from the directory to XiVO",
	reconcile.ToLDAP:  "from XiVO to the directory",
	reconcile.Both:    "both ways",
	reconcile.Initial: "when a user is created",
	reconcile.None:    "left alone",
}

// lookAtDirectory logs in and reads everybody.
func (i *inspection) lookAtDirectory(ctx context.Context) {
	i.section = "Directory"
	directory, err := openDirectory(ctx, i.cfg, i.settings, i.log)
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
	i.listDirectory(ctx, directory)
}

// describe tells how safe the connection is, and what the server can do.
func (i *inspection) describe(can ldap.Capabilities) {
	i.note(right, "", "encryption: %s", cmp.Or(can.TLS, "none; the server is on this machine"))
	for _, control := range can.Controls {
		if control.Supported {
			i.note(right, "", "%s: %s", control.Name, control.Meaning)
		} else {
			i.note(unusual, "", "no %s: %s", control.Name, control.Meaning)
		}
	}
	if can.Sample != "" && !can.IDReadable {
		i.note(wrong, "let the account read it", "%s, which names an entry for good, cannot be read of %s", can.ID, can.Sample)
	}
}

func orNobody(bindDN string) string {
	if bindDN == "" {
		return "nobody (anonymous)"
	}
	return bindDN
}

// listDirectory counts the people, and those for whom each attribute is filled.
func (i *inspection) listDirectory(ctx context.Context, directory *ldap.Directory) {
	people, unidentified, disabled := 0, 0, 0
	filled := map[string]int{}
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
	if unidentified > 0 {
		i.note(unusual, "people without one are left alone", "%d of them have no %s", unidentified, i.settings.Identifier.LDAP)
	}
	for _, attribute := range attributes(i.settings) {
		state, hint := right, ""
		if filled[attribute] == 0 {
			state, hint = unusual, "check the attribute's name, and that the account may read it"
		}
		i.note(state, hint, "%s is filled for %d of %d", attribute, filled[attribute], people)
	}
}

// lookAtXiVO asks for a token, for the rights, and for the survey.
func (i *inspection) lookAtXiVO(ctx context.Context) {
	i.section = "XiVO"
	pbx, err := newPBX(i.cfg, i.settings, i.log)
	if err != nil {
		i.note(wrong, "", "%s", err)
		return
	}
	defer pbx.Close(ctx) // the token ends by itself
	can, err := pbx.Capabilities(ctx)
	if err != nil {
		i.note(wrong, hintOf(err, "check [xivo] url, auth_url, ca or fingerprint, username and password"), "%s", err)
		return
	}
	i.pbx = can.UUID
	i.note(right, "", "connected to %s as %s; its uuid is %s", i.cfg.XiVO.URL, i.cfg.XiVO.Username, can.UUID)
	i.rights(can)
	i.note(right, "", "it has %s", count(can.Users, "user"))
	if !can.Export || !can.Views {
		i.note(unusual, "this works, and takes some 3 ms of XiVO's time for each user in every run", "it has no export of users, so that each is read in full")
	}
}

// needed are the rights without which a run cannot do its work.
var needed = []string{"confd.infos.read", "confd.users.read", "confd.users.create", "confd.users.1.update"}

func (i *inspection) rights(can xivo.Capabilities) {
	if len(can.Refused) == 0 {
		i.note(right, "", "the user has the rights that are needed")
		return
	}
	for _, right := range can.Refused {
		state := unusual
		if slices.Contains(needed, right) {
			state = wrong
		}
		i.note(state, "give the web services user the right confd.# (Configuration > Management > Web Services Access)", "the right %s is missing", right)
	}
}

// lookAtStore opens the store, where there is one, and compares whom it belongs
// to with what was found.
func (i *inspection) lookAtStore() {
	i.section = "Store"
	db, err := readStore(i.cfg, i.log)
	var busy *store.Busy
	switch {
	case errors.Is(err, fs.ErrNotExist):
		i.lookForFolder()
		return
	case errors.As(err, &busy):
		i.note(unusual, "", "%s", err)
		return
	case err != nil:
		i.note(wrong, "", "%s", err)
		return
	}
	defer db.Close() // nothing was written
	info, err := db.Info()
	if err != nil {
		i.note(wrong, "put a backup in its place", "%s", err)
		return
	}
	i.note(right, "", "%s: %s, %s, %s", info.Path, count(info.Links, "linked person"), count(info.Runs, "run"), count(info.OpenConflicts, "conflict"))
	if info.Key != "" {
		i.note(wrong, "", "%s", info.Key)
	}
	i.belongs("directory", info.LDAP, i.directory)
	i.belongs("XiVO", info.XiVO, i.pbx)
}

// lookForFolder tells whether the first run can make a store.
func (i *inspection) lookForFolder() {
	folder := filepath.Dir(i.cfg.State.Path)
	if _, err := os.Stat(folder); err != nil {
		i.note(wrong, "make it, for the user who runs xivosync only", "there is no folder %s for the store", folder)
		return
	}
	i.note(right, "", "there is none yet; the first run makes %s", i.cfg.State.Path)
}

// belongs warns of a store that belongs to another server.
func (i *inspection) belongs(what, bound, found string) {
	if bound != "" && found != "" && bound != found {
		i.note(wrong, "use another [state] path, or the server that it belongs to", "it belongs to another %s: %s, not %s", what, bound, found)
	}
}

// hintOf is the hint for a connection that failed, unless it is about a file
// that the message names already.
func hintOf(err error, hint string) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return ""
	}
	return hint
}
