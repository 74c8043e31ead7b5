package main

import (
	"context"
	"errors"
	"time"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile"
	"xivosync/sources/ldap"
	"xivosync/store"
	"xivosync/targets/xivo"
)

// parts are both sides and the store, opened together.
type parts struct {
	cfg       *config.Config
	settings  reconcile.Settings
	keep      config.State
	reports   string // the folder for them, or ""
	contacts  config.Contacts
	mail      config.Mail
	zone      *time.Location // that of the times of day in the configuration
	directory *ldap.Directory
	pbx       *xivo.Client
	store     *store.DB
	log       *runLog
	figures   *figures
	// posted is what came of the mails that were due.
	posted post.Result
	// release, where set, gives the turn back in which a service's store is used,
	// which stays open.
	release func()
}

// open opens everything that a run needs: the store first, so that a second
// process is told before it disturbs anybody.
func (p *program) open(ctx context.Context) (_ *parts, err error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	all, err := p.openOutbox(ctx, cfg)
	if err != nil {
		return nil, err
	}
	cfg = all.cfg
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close(ctx))
		}
	}()
	if all.figures, err = p.counting(cfg); err != nil {
		all.log.Warn("metrics begin anew", "error", err)
	}
	if all.pbx, err = newPBX(cfg, all.settings, all.log, all.figures); err != nil {
		return nil, err
	}
	last, err := all.store.Memory()
	if err != nil {
		return nil, err
	}
	all.directory, err = openDirectory(ctx, cfg, all.settings, last, all.log, all.figures)
	return all, err
}

// openOutbox opens what the mails need: the store, and neither side.
func (p *program) openOutbox(ctx context.Context, cfg *config.Config) (all *parts, err error) {
	all = &parts{log: newRunLog(p.logger(cfg.Log))}
	if err := p.openStoreOf(ctx, cfg, all); err != nil {
		return nil, err
	}
	if p.visit != nil { // it may have been loaded anew while the turn was waited for
		cfg = p.visit.configuration()
	}
	all.cfg, all.keep, all.reports, all.contacts, all.mail = cfg, cfg.State, cfg.Report.Dir, cfg.Contacts, cfg.Mail
	if all.settings, err = cfg.Settings(xivo.Fields()); err == nil {
		all.zone, err = cfg.Schedule.Location()
	}
	if err != nil {
		return nil, errors.Join(err, all.close(ctx))
	}
	return all, nil
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
	switch {
	case a.release != nil:
		a.release()
	case a.store != nil:
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}

// openStoreOf opens the store for writing; in a service, it waits for a turn
// with the service's. The error is a *[served] where a service has it.
func (p *program) openStoreOf(ctx context.Context, cfg *config.Config, all *parts) (err error) {
	if p.visit != nil {
		if all.release, err = p.visit.turn(ctx); err == nil {
			all.store = p.visit.service.store
		}
		return err
	}
	if err := inService(cfg); err != nil {
		return err
	}
	all.store, err = openStore(cfg, all.log)
	return err
}

// looking opens the store of the configuration only to look at it.
func (p *program) looking(look func(*store.DB) error) error {
	if p.visit != nil {
		return look(p.visit.service.store)
	}
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if err := inService(cfg); err != nil {
		return err
	}
	db, err := readStore(cfg, p.logger(cfg.Log))
	if err != nil {
		return err
	}
	defer db.Close() // nothing was written
	return look(db)
}

// writing opens the store to write to it, without a look at both sides.
func (p *program) writing(ctx context.Context, write func(*store.DB) error) (err error) {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	all := &parts{log: newRunLog(p.logger(cfg.Log))}
	if err := p.openStoreOf(ctx, cfg, all); err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	return write(all.store)
}
