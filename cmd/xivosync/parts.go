package main

import (
	"context"
	"errors"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/sources/ldap"
	"xivosync/store"
	"xivosync/targets/xivo"
)

// parts are both sides and the store, opened together.
type parts struct {
	settings  reconcile.Settings
	keep      config.State
	directory *ldap.Directory
	pbx       *xivo.Client
	store     *store.DB
	log       hclog.Logger
}

// open opens everything that a run needs: the store first, so that a second
// process is told before it disturbs anybody.
func (p *program) open(ctx context.Context) (_ *parts, err error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	all := &parts{log: p.logger(cfg.Log), keep: cfg.State}
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close(ctx))
		}
	}()
	if all.settings, err = cfg.Settings(xivo.Fields()); err != nil {
		return nil, err
	}
	if all.store, err = openStore(cfg, all.log); err != nil {
		return nil, err
	}
	if all.pbx, err = newPBX(cfg, all.settings, all.log); err != nil {
		return nil, err
	}
	all.directory, err = openDirectory(ctx, cfg, all.settings, all.log)
	return all, err
}

// close gives everything back, whatever was opened. It has its own time, since
// ctx may have been cancelled by a signal.
func (a *parts) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	var errs []error
	if a.directory != nil {
		errs = append(errs, a.directory.Close())
	}
	if a.pbx != nil {
		if err := a.pbx.Close(ctx); err != nil {
			a.log.Warn("the token could not be given back; it ends by itself", "error", err)
		}
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}
