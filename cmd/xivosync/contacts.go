package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	if !all.contacts.Wanted() || run == nil || run.Outcome == record.OutcomeFailed || run.Outcome == record.OutcomeStopped {
		return
	}
	var service *contacts.Service
	made := fileTime(all.contacts.File)
	if p.visit != nil {
		service, made = p.visit.service.contacts, p.visit.service.listed
	}
	if all.contacts.File == "" && service == nil {
		return // only a service would serve it
	}
	if p.now().Sub(made) < all.contacts.Every.Std() {
		return
	}
	if err := p.makeContacts(ctx, all, service); err != nil {
		all.log.Error("the contact sheet was not made, the old one stays", "error", err)
		return
	}
	if p.visit != nil {
		p.visit.service.listed = p.now()
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

// makeContacts reads the directory for the sheet, writes the file, and serves it.
func (p *program) makeContacts(ctx context.Context, all *parts, service *contacts.Service) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	sheet, err := readContacts(ctx, cfg, all.settings, all.log, all.figures)
	if err != nil {
		return err
	}
	if service != nil {
		service.Publish(sheet)
	}
	if file := cfg.Contacts.File; file != "" {
		err = sheet.WriteFile(file)
	}
	if err == nil {
		all.log.Debug("contact sheet made", "people", sheet.Len())
	}
	return err
}

// readContacts lists the directory with the attributes of the sheet alone. A
// listing that is not complete makes no sheet.
func readContacts(ctx context.Context, cfg *config.Config, settings reconcile.Settings, log hclog.Logger, f *figures) (*contacts.Sheet, error) {
	layout, err := contactLayout(cfg, settings)
	if err != nil {
		return nil, err
	}
	conf, err := directoryConfig(cfg, settings, log)
	if err != nil {
		return nil, err
	}
	conf.Observe = f.of(record.LDAP)
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

// contactService answers XiVO's directory server; nil where nobody asks.
func contactService(c config.Contacts, log hclog.Logger) (*contacts.Service, error) {
	if c.Listen == "" {
		return nil, nil
	}
	networks, err := c.Networks()
	if err != nil {
		return nil, fmt.Errorf("contacts.allow: %w", err)
	}
	password, err := secret("contacts.password", c.Password, log)
	if err != nil {
		return nil, err
	}
	return contacts.NewService(contacts.Access{Networks: networks, Username: c.Username, Password: password}, c.Limit), nil
}

// answerContacts serves the contact sheet until ctx ends; without a listener
// there is nothing to do. The first sheet is not waited for until a run is due.
func (s *service) answerContacts(ctx context.Context, l net.Listener) error {
	if l == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/contacts", s.contacts)
	return serveHTTP(ctx, l, mux)
}

// firstContacts makes the sheet with which the service begins.
func (s *service) firstContacts(ctx context.Context) {
	if s.contacts == nil {
		return
	}
	cfg, settings := s.current()
	sheet, err := readContacts(ctx, cfg, settings, s.logger(), s.figures)
	if err != nil {
		s.logger().Warn("no contact sheet yet; the next run makes one", "error", err)
		return
	}
	s.contacts.Publish(sheet)
	s.logger().Info("contact sheet served", "people", sheet.Len())
}
