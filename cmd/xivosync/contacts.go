package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/targets/contacts"
)

// leaveContacts makes the contact sheet anew after a run that read the directory,
// if it is old enough. What goes wrong is said, and does not concern the run: the
// old sheet stays.
func (p *program) leaveContacts(ctx context.Context, all *parts, run *reconcile.Report) {
	if run == nil || run.Outcome == record.OutcomeFailed || run.Outcome == record.OutcomeStopped {
		return
	}
	p.renewContacts(ctx, all, run.Started)
}

// renewContacts makes the sheet anew if it is old enough, and was not made since a
// time at which the directory was read as well.
func (p *program) renewContacts(ctx context.Context, all *parts, read time.Time) {
	sheet := &sheet{made: fileTime(all.contacts.File)} // nobody serves it
	if p.visit != nil {
		sheet = p.visit.service.sheet
	}
	if !all.contacts.Wanted() || all.contacts.File == "" && sheet.service == nil {
		return // only a service would serve it
	}
	sheet.mu.Lock()
	defer sheet.mu.Unlock()
	now := p.now()
	young := now.Sub(sheet.made) < all.contacts.Every.Std() || !sheet.made.Before(read)
	if young && !sheet.made.After(now) { // else the clock was put back since
		return
	}
	if err := sheet.make(ctx, reading{all.cfg, all.settings, all.log, all.figures}, p.now); err != nil {
		all.log.Error("the contact sheet was not made, the old one stays", "error", err)
	}
}

// fileTime is when the file was written; the zero time where there is none.
func fileTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// reading is what the directory is read with.
type reading struct {
	cfg      *config.Config
	settings reconcile.Settings
	log      hclog.Logger
	figures  *figures
}

// contacts lists the directory with the attributes of the sheet alone. A
// listing that is not complete makes no sheet.
func (r reading) contacts(ctx context.Context) (*contacts.Sheet, error) {
	layout, err := contactLayout(r.cfg, r.settings)
	if err != nil {
		return nil, err
	}
	conf, err := directoryConfig(r.cfg, r.settings, r.log)
	if err != nil {
		return nil, err
	}
	conf.Observe = r.figures.of(record.LDAP)
	conf.Attributes, conf.Groups, conf.AnyGroup, conf.Nested = layout.Attributes(), nil, nil, nil
	directory, err := ldap.Open(ctx, conf)
	if err != nil {
		return nil, err
	}
	draft := layout.Draft()
	for r, err := range directory.List(ctx, record.Survey) {
		if err != nil {
			return nil, errors.Join(err, directory.Close())
		}
		draft.Add(r)
	}
	return draft.Sheet(), directory.Close()
}

// contactLayout is the configured columns.
func contactLayout(cfg *config.Config, settings reconcile.Settings) (*contacts.Layout, error) {
	columns, err := cfg.ContactColumns(settings)
	if err != nil {
		return nil, err
	}
	layout := &contacts.Layout{Canonical: func(number string) string {
		if public := settings.Numbering.E164(number); public != number {
			return public
		}
		bare, _ := settings.Numbering.Format(number, reconcile.FormatInternal)
		return bare
	}}
	for _, c := range columns {
		layout.Columns = append(layout.Columns, contacts.Column(c))
	}
	return layout, nil
}
