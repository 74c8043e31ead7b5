package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"xivosync/cmd/xivosync/serve"
	"xivosync/store"
)

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
		i.lookAtHolder(err)
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

// lookAtHolder tells who has the store: a service has it all the time.
func (i *inspection) lookAtHolder(busy error) {
	conn, err := serve.Dial(i.cfg.ControlSocket())
	if err != nil {
		i.note(unusual, "", "%s", busy)
		return
	}
	_ = conn.Close() // it was only asked whether it is there
	i.note(right, "", "a service holds it and answers at %s: commands are carried out there", i.cfg.ControlSocket())
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
