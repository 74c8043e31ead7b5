package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/store"
	"xivosync/targets/xivo/xivosim"
)

// kept is a world that was written down, so that it can be made again many times
// for what it costs to start the servers.
type kept struct {
	setup
	directory    string // LDIF
	xivo         []byte
	journal, key []byte
}

// keep writes the world down between two runs.
func (w *world) keep() *kept {
	w.t.Helper()
	k := &kept{setup: w.setup, directory: w.slapd.Tree()}
	var xivo bytes.Buffer
	if err := w.sim.Dump(&xivo); err != nil {
		w.t.Fatal(err)
	}
	k.xivo = xivo.Bytes()
	for path, into := range map[string]*[]byte{w.Path: &k.journal, store.KeyFile(w.Path): &k.key} {
		content, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		*into = content
	}
	return k
}

// world makes it again, with servers and a store of its own.
func (k *kept) world(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, setup: k.setup, slapd: ldaptest.Slapd(t, ldaptest.Options{Tree: k.directory}), sim: xivosim.New(xivosim.Options{}), log: hclog.NewNullLogger()}
	// Anything later than all that is kept: a directory whose change counter went back
	// is one that was restored.
	w.slapd.Modify(ldaptest.PeopleDN, "description", "made again")
	if err := w.sim.Load(bytes.NewReader(k.xivo)); err != nil {
		t.Fatal(err)
	}
	srv, err := w.sim.Listen(xivosim.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	w.srv = srv
	w.XiVO.URL, w.XiVO.AuthURL, w.XiVO.WebURL = srv.URL, srv.AuthURL, srv.WebURL
	w.LDAP.URLs = []string{w.slapd.URL}
	if k.Relay != nil {
		w.startRelay()
	}
	w.Path = filepath.Join(t.TempDir(), "state.db")
	for path, content := range map[string][]byte{w.Path: k.journal, store.KeyFile(w.Path): k.key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}
