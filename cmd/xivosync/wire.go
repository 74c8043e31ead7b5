package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/store"
	"xivosync/targets/xivo"
)

// This file says who implements what: the engine's directory side is
// sources/ldap, its XiVO side targets/xivo, its store package store.

// engine joins the parts.
func (a *parts) engine(p *program) *reconcile.Engine {
	return &reconcile.Engine{
		LDAP: a.directory, XiVO: a.pbx, Store: begun{a.store, a.log.run}, Settings: a.settings,
		Random: rand.Reader, Now: p.now, Log: a.log.Named("engine"), Progress: p.status.show, Phase: a.figures.Phase,
	}
}

// openDirectory connects to the directory and logs in. Of several servers, it
// tries the one first that was followed last.
func openDirectory(ctx context.Context, cfg *config.Config, settings reconcile.Settings, last reconcile.Memory, log hclog.Logger, f *figures) (*ldap.Directory, error) {
	conf, err := directoryConfig(cfg, settings, log)
	if err != nil {
		return nil, err
	}
	conf.Observe = f.of(record.LDAP)
	if last.Cursor != nil {
		conf.Prefer = last.Cursor.Server
	}
	return ldap.Open(ctx, conf)
}

// directoryConfig says which directory, as whom, and what of it; nothing is asked
// yet.
func directoryConfig(cfg *config.Config, settings reconcile.Settings, log hclog.Logger) (conf ldap.Config, err error) {
	l := cfg.LDAP
	password, err := secret("ldap.password", l.Password, log)
	if err != nil {
		return conf, err
	}
	ca, err := authority("ldap.ca", l.CA)
	if err != nil {
		return conf, err
	}
	groups := settings.Groups()
	return ldap.Config{
		URLs: l.URL, StartTLS: l.StartTLS, CA: ca, ServerName: l.ServerName,
		BindDN: l.BindDN, Password: password,
		Bases: l.AllBases(), Filter: l.Filter, Disabled: l.Disabled,
		PageSize: l.PageSize, Timeout: l.Timeout.Std(),
		Attributes: attributes(settings), Identifier: settings.Identifier.LDAP,
		Groups: groups.Named, AnyGroup: groups.Other, Nested: groups.Nested, GroupsBy: ldap.GroupsBy(l.Groups),
		Log: log,
	}, nil
}

// newPBX returns the client of XiVO, which asks nothing yet.
func newPBX(cfg *config.Config, settings reconcile.Settings, log hclog.Logger, f *figures) (*xivo.Client, error) {
	x := cfg.XiVO
	password, err := secret("xivo.password", x.Password, log)
	if err != nil {
		return nil, err
	}
	ca, err := authority("xivo.ca", x.CA)
	if err != nil {
		return nil, err
	}
	return xivo.New(xivo.Config{
		URL: x.URL, AuthURL: x.AuthURL, WebURL: x.WebURL, CA: ca, Fingerprint: x.Fingerprint,
		Username: x.Username, Password: password,
		Timeout: x.Timeout.Std(), Writers: x.Writers,
		Fields: fieldNames(settings), Identifier: settings.Identifier.XiVO, Deletes: settings.Deletes(),
		Log: log, Observe: f.of(record.XiVO),
	})
}

// openStore opens the store for writing, and makes it where there is none.
func openStore(cfg *config.Config, log hclog.Logger) (*store.DB, error) {
	opts, err := storeOptions(cfg, log)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(cfg.State.Path, mortal(opts))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; make the folder %s, or give another [state] path", err, filepath.Dir(cfg.State.Path))
	}
	return db, err
}

// readStore opens a store that is there, only to look.
func readStore(cfg *config.Config, log hclog.Logger) (*store.DB, error) {
	opts, err := storeOptions(cfg, log)
	if err != nil {
		return nil, err
	}
	return store.OpenReadOnly(cfg.State.Path, opts)
}

func storeOptions(cfg *config.Config, log hclog.Logger) (store.Options, error) {
	opts := store.Options{Program: "xivosync " + programVersion(), Logger: log}
	if cfg.State.Key.IsZero() {
		return opts, nil
	}
	text, err := secret("state.key", cfg.State.Key, log)
	if err != nil {
		return opts, err
	}
	if len(text) < shortestKey {
		return opts, fmt.Errorf("state.key: the key has only %d characters, it needs %d: openssl rand -hex 32 makes one", len(text), shortestKey)
	}
	key := sha256.Sum256([]byte(text))
	opts.Key = key[:]
	return opts, nil
}

// shortestKey keeps words that can be guessed from being keys.
const shortestKey = 32

// attributes are those that have to be read, once each.
func attributes(settings reconcile.Settings) []string {
	var names []string
	for _, m := range settings.Fields {
		if m.Direction != reconcile.None && m.Attribute != "" && !slices.Contains(names, m.Attribute) {
			names = append(names, m.Attribute)
		}
	}
	for _, a := range settings.Conditions() {
		if !slices.Contains(names, a) {
			names = append(names, a)
		}
	}
	return names
}

// fieldNames are the fields of XiVO that have to be read.
func fieldNames(settings reconcile.Settings) []string {
	var names []string
	for _, m := range settings.Fields {
		if m.Direction != reconcile.None {
			names = append(names, m.Field.Name)
		}
	}
	return names
}

// secret reads a secret that a key refers to, "" where it refers to none.
func secret(key string, s config.Secret, log hclog.Logger) (string, error) {
	if s.IsZero() {
		return "", nil
	}
	text, err := s.Resolve()
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if warning := s.Warning(); warning != "" {
		log.Warn(warning)
	}
	return text, nil
}

// authority reads a file of certificates.
func authority(key, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return pem, nil
}
