package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/schedule"
	"xivosync/cmd/xivosync/serve"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/xivo"
)

// service is "xivosync serve": it holds the store, makes the runs of the schedule,
// and carries out the commands of other processes.
type service struct {
	// path is that of the configuration, who the user that the service runs as.
	path, who string
	// err takes the log; now is the clock, and began when the service did.
	err     io.Writer
	now     func() time.Time
	began   time.Time
	store   *store.DB
	figures *figures
	loop    *serve.Loop
	manager serve.Manager
	asked   wishes
	// sheet answers XiVO's directory server.
	sheet *sheet

	mu       sync.Mutex
	cfg      *config.Config
	settings reconcile.Settings
	zone     *time.Location
	log      hclog.Logger
	last     *record.Run
	good     time.Time
}

// configure makes a configuration the service's own.
func (s *service) configure(cfg *config.Config, log hclog.Logger) error {
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	zone, err := cfg.Schedule.Location()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg, s.settings, s.zone, s.log = cfg, settings, zone, log
	return nil
}

func (s *service) current() (*config.Config, reconcile.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg, s.settings
}

func (s *service) logger() hclog.Logger {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log
}

// clock shows both clocks; that on the wall in the zone of the schedule.
func (s *service) clock() schedule.Moment {
	s.mu.Lock()
	zone := s.zone
	s.mu.Unlock()
	now := s.now()
	return schedule.Moment{Wall: now.Round(0).In(zone), Up: now.Sub(s.began)}
}

// entries are the schedule of the configuration.
func entries(cfg config.Schedule) []schedule.Entry {
	var jitter func() time.Duration
	if most := cfg.Jitter.Std(); most > 0 {
		jitter = func() time.Duration { return rand.N(most) }
	}
	return []schedule.Entry{
		{Mode: record.Incremental, Times: cfg.Incremental.Times, Jitter: jitter},
		{Mode: record.Full, Times: cfg.Full.Times, Jitter: jitter},
		{Mode: record.Audit, Times: cfg.Audit.Times, Jitter: jitter},
	}
}

// own is a program that carries out what the schedule wants.
func (s *service) own() *program {
	return &program{out: bufio.NewWriter(io.Discard), err: s.err, status: &status{w: s.err}, now: s.now, visit: &visit{service: s}}
}

// turn sends the mails that are due, or makes the run. After a guard stopped one, it makes a plan, and
// a run only for people whose accounts were disabled.
func (s *service) turn(ctx context.Context, turn schedule.Turn) (result schedule.Result) {
	if turn.Mails {
		s.mail(ctx)
		return result
	}
	p := s.own()
	all, err := p.open(ctx)
	if err != nil {
		s.failed(err)
		return failure(err)
	}
	defer func() {
		if err := prune(all, p); err != nil {
			s.logger().Error("old runs were not forgotten, the store grows", "error", err)
		}
		if err := all.close(ctx); err != nil {
			s.failed(err)
		}
	}()
	if turn.Probe == record.XiVO { // before a run is begun that cannot come to its end
		if _, err := all.pbx.Identity(ctx); err != nil {
			s.failed(err)
			return failure(err)
		}
	}
	opt := reconcile.Options{Mode: turn.Mode, Trigger: p.trigger(), Who: p.who(), Due: turn.Due}
	if turn.ReadOnly {
		p.tellAdmins(all)
		p.sendMails(ctx, all)
		began := p.now()
		plan, err := all.engine(p).Plan(ctx, opt)
		if err != nil {
			s.failed(err)
		} else { // contacts do not wait for the guard
			p.renewContacts(ctx, all, began)
		}
		if result := planned(plan, all.settings, err); err != nil || plan.Urgent() == 0 {
			return result
		}
	}
	report, err := p.carryOut(ctx, all, opt)
	if err != nil {
		s.failed(err)
	}
	return resultOf(report, opt, all.settings, err)
}

// failed says why a run came to nothing, unless it is a side that is down: that
// is said once.
func (s *service) failed(err error) {
	if failure(err).Down == "" && !errors.Is(err, context.Canceled) {
		s.logger().Error("run not made", "error", err)
	}
}

// ran keeps and logs what came of a run.
func (s *service) ran(report *reconcile.Report, whole bool) {
	s.mu.Lock()
	s.last = &report.Run
	if whole && completed(report.Run) && report.Outcome != record.OutcomeGuarded {
		s.good = *report.Finished
	}
	s.mu.Unlock()
	log := s.logger().Info
	switch {
	case report.Outcome == record.OutcomeFailed, report.Outcome == record.OutcomeGuarded, report.Outcome == record.OutcomePartial:
		log = s.logger().Warn
	case report.Outcome == record.OutcomeNothing:
		log = s.logger().Debug
	}
	log("run ended", "run", report.Number, "mode", report.Mode, "trigger", report.Trigger, "who", report.Who,
		"outcome", report.Outcome, "people", tally(report.Counts), "seconds", report.Seconds)
}

// told says what happens to the schedule.
func (s *service) told(e schedule.Event) {
	log := s.logger()
	switch e.Kind {
	case schedule.Paused:
		log.Error(fmt.Sprintf("PAUSED: a guard stopped the run. Look at \"xivosync plan\", then \"xivosync run --allow %s\", or put right what is wrong. Until then only plans are made", listed(e.Pause.Guards)),
			"run", e.Pause.Run, "guards", listed(e.Pause.Guards))
	case schedule.Resumed:
		why := "no guard stops the plan any more"
		if e.By != 0 {
			why = fmt.Sprintf("run %d was let through", e.By)
		}
		log.Info("RESUMED: runs are made again: "+why, "since", e.Pause.Since.Format(time.RFC3339), "guards", listed(e.Pause.Guards))
	case schedule.WentDown:
		log.Error(sideNames[e.Trouble.Side]+" is DOWN: no run until it answers", "next try in", e.Retry.String(), "error", e.Err)
	case schedule.CameBack:
		log.Info(sideNames[e.Trouble.Side]+" is BACK", "down since", e.Trouble.Since.Format(time.RFC3339), "tries", e.Trouble.Tries)
	}
}

// sideNames are the sides in words.
var sideNames = map[record.Side]string{record.LDAP: "the directory", record.XiVO: "XiVO"}
