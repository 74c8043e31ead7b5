package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/schedule"
	"xivosync/cmd/xivosync/serve"
	"xivosync/reconcile/record"
	"xivosync/targets/xivo"
)

func (p *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Make runs as the schedule says, until stopped",
		Long: `Make runs as [schedule] says, and carry out the other commands meanwhile: they
find the service by its control socket, and nobody has to stop it to work.

SIGTERM lets the change at hand be finished, within [serve] stop_within; a second
one ends it at once, and the next run looks after what was open. SIGHUP loads the
configuration anew if it is right; else the old one stays, and the log says what
is wrong.

When a guard stops a run, only plans are made from then on, until "xivosync run
--allow GUARD" lets one through, or no guard stops the plan any more. A side that
is down is asked again after half a minute, then less and less often. Mails that
are due go out between two runs; neither a guard nor a side that is down delays them.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context()) },
	}
}

// serve opens what the service holds all the time, and runs it.
func (p *program) serve(ctx context.Context) (err error) {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	s := &service{path: p.config, who: p.who(), err: p.status, now: p.now, began: p.now()}
	if err := s.configure(cfg, p.logger(cfg.Log)); err != nil {
		return err
	}
	if s.store, err = openStore(cfg, s.log); err != nil {
		return err
	}
	defer func() {
		if !errors.Is(err, serve.ErrDeadline) { // else it is in use still, and is closed with the process
			err = also(err, s.store.Close())
		}
	}()
	if s.sheet, err = newSheet(cfg.Contacts, s.log); err != nil {
		return err
	}
	if s.figures, err = newFigures(cfg.Metrics.Textfile); err != nil {
		s.log.Warn("metrics begin anew", "error", err)
	}
	past, err := s.recall(cfg.Schedule)
	if err != nil {
		return err
	}
	s.loop = serve.NewLoop(schedule.New(entries(cfg.Schedule), past, s.clock()), serve.Options{
		Clock: s.clock, Run: s.turn, Mails: s.nextMail, Tell: s.told, Beat: s.beat, BeatEvery: s.manager.Watchdog() / 2,
		StopWithin: cfg.Serve.StopWithin.Std(),
	})
	control, err := serve.Listen(cfg.ControlSocket())
	if err != nil {
		return err
	}
	public, err := listen(cfg.Metrics.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("metrics.listen: %w", err), control.Close())
	}
	phonebook, err := listen(cfg.Contacts.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("contacts.listen: %w", err), control.Close())
	}
	return s.work(ctx, cfg, doors{control, public, phonebook}, past.Pause)
}

// doors are where the service is spoken to; only the control socket is always
// there.
type doors struct{ control, public, contacts net.Listener }

// work runs the parts of the service until ctx ends, or one of them fails. A pause
// is that in which the service ended before.
func (s *service) work(ctx context.Context, cfg *config.Config, at doors, pause *schedule.Pause) error {
	group, ctx := errgroup.WithContext(ctx)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	log := s.logger()
	server := &serve.Server{Handle: s.handle, Log: log.Named("control")}
	group.Go(func() error { return server.Serve(ctx, at.control) })
	group.Go(func() error { return s.show(ctx, at.public) })
	group.Go(func() error { return s.answerContacts(ctx, at.contacts) })
	group.Go(func() error {
		s.firstContacts(ctx)
		return nil
	})
	group.Go(func() error {
		for {
			select {
			case <-hangups:
				s.reload()
			case <-ctx.Done():
				s.manager.Stopping(cfg.Serve.StopWithin.Std())
				s.logger().Info("stopping")
				return nil
			}
		}
	})
	s.manager.Ready()
	log.Info("serving", "program", programVersion(), "store", cfg.State.Path, "socket", cfg.ControlSocket(), "metrics", address(at.public), "contacts", address(at.contacts),
		"incremental", cfg.Schedule.Incremental.String(), "full", cfg.Schedule.Full.String(), "audit", cfg.Schedule.Audit.String())
	if pause != nil {
		s.told(schedule.Event{Kind: schedule.Paused, Pause: *pause})
	}
	err := s.loop.Do(ctx)
	if errors.Is(err, serve.ErrDeadline) {
		return err // the rest is not waited for, either
	}
	err = errors.Join(err, group.Wait())
	s.logger().Info("stopped")
	return err
}

// reload takes the configuration anew, if it is right.
func (s *service) reload() {
	s.manager.Reloading()
	defer s.manager.Ready()
	old, _ := s.current()
	cfg, err := config.Load(s.path)
	if err == nil {
		err = s.take(old, cfg)
	}
	if err != nil {
		s.logger().Error("the configuration was NOT loaded anew, the old one stays: put it right and reload again", "error", lines(err.Error()))
		return
	}
	s.logger().Info("the configuration was loaded anew")
}

// take makes a configuration the service's own, once all that it refers to is
// found to be there.
func (s *service) take(old, cfg *config.Config) error {
	log := newLogger(cfg.Log, s.err)
	if err := resolvable(cfg, log); err != nil {
		return err
	}
	past, err := s.past(cfg.Schedule)
	if err != nil {
		return err
	}
	for key, changed := range map[string]bool{
		"state.path": old.State.Path != cfg.State.Path, "state.key": old.State.Key != cfg.State.Key,
		"serve": old.Serve != cfg.Serve, "metrics": old.Metrics != cfg.Metrics,
		"contacts": old.Contacts.Listen != cfg.Contacts.Listen || !slices.Equal(old.Contacts.Allow, cfg.Contacts.Allow) ||
			old.Contacts.Username != cfg.Contacts.Username || old.Contacts.Password != cfg.Contacts.Password || old.Contacts.Limit != cfg.Contacts.Limit,
	} {
		if changed {
			log.Warn("what was changed needs a restart of the service", "key", key)
		}
	}
	cfg.State.Path, cfg.State.Key, cfg.Serve, cfg.Metrics = old.State.Path, old.State.Key, old.Serve, old.Metrics
	if err := s.configure(cfg, log); err != nil {
		return err
	}
	if !reflect.DeepEqual(old.Contacts, cfg.Contacts) {
		s.sheet.outdated()
	}
	s.loop.Edit(func(a *schedule.Agenda, now schedule.Moment) {
		a.Replace(entries(cfg.Schedule), past, now)
		a.Post(s.nextMail())
	})
	return nil
}

// resolvable tells whether what a configuration refers to can be read.
func resolvable(cfg *config.Config, log hclog.Logger) error {
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	if _, err := newPBX(cfg, settings, log, nil); err != nil {
		return err
	}
	if _, err := newRelay(cfg.Mail, log); err != nil {
		return err
	}
	_, err = directoryConfig(cfg, settings, log)
	return err
}

// beat tells the service manager how the service does.
func (s *service) beat(status schedule.Status) {
	s.manager.Alive()
	s.manager.Status(summary(status))
	down := record.Side("")
	if status.Trouble != nil {
		down = status.Trouble.Side
	}
	s.figures.Service(status.Pause != nil, down)
}
