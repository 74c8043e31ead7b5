package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/targets/contacts"
)

// sheet is the contact sheet that is served, and who serves it: nil where it is
// only a file.
type sheet struct {
	service *contacts.Service
	// mu is held while one is made, so that nobody makes the same twice.
	mu sync.Mutex
	// made is when it was made last.
	made time.Time
}

// make reads the directory for the sheet, serves it, and writes the file.
func (s *sheet) make(ctx context.Context, from reading, now func() time.Time) error {
	made, err := from.contacts(ctx)
	if err != nil {
		return err
	}
	if s.service != nil {
		s.service.Publish(made)
	}
	if file := from.cfg.Contacts.File; file != "" {
		if err := made.WriteFile(file); err != nil {
			return err
		}
	}
	s.made = now()
	from.log.Debug("contact sheet made", "people", made.Len())
	return nil
}

// outdated has the next run make the sheet, whatever its age.
func (s *sheet) outdated() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made = time.Time{}
}

// newSheet is that of a service, which serves it where the configuration says so.
func newSheet(c config.Contacts, log hclog.Logger) (*sheet, error) {
	if c.Listen == "" {
		return &sheet{made: fileTime(c.File)}, nil
	}
	networks, err := c.Networks()
	if err != nil {
		return nil, fmt.Errorf("contacts.allow: %w", err)
	}
	password, err := secret("contacts.password", c.Password, log)
	if err != nil {
		return nil, err
	}
	return &sheet{service: contacts.NewService(contacts.Access{Networks: networks, Username: c.Username, Password: password}, c.Limit)}, nil
}

// answerContacts serves the contact sheet until ctx ends; without a listener
// there is nothing to do.
func (s *service) answerContacts(ctx context.Context, l net.Listener) error {
	if l == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/contacts", s.sheet.service)
	return serveHTTP(ctx, l, mux)
}

// firstContacts makes the sheet with which the service begins: it is not waited
// for until a run is due. A run that is due at once does not make it once more.
func (s *service) firstContacts(ctx context.Context) {
	if s.sheet.service == nil {
		return
	}
	s.sheet.mu.Lock()
	defer s.sheet.mu.Unlock()
	if !s.sheet.made.IsZero() {
		return // a run was quicker
	}
	cfg, settings := s.current()
	if err := s.sheet.make(ctx, reading{cfg, settings, s.logger(), s.figures}, s.now); err != nil {
		s.logger().Warn("no contact sheet yet; the next run makes one", "error", err)
		return
	}
	s.logger().Info("contact sheet served")
}
