package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/schedule"
	"xivosync/cmd/xivosync/serve"
)

// visit is a command that the service carries out: for another process, or, where
// there is no call, for its own schedule.
type visit struct {
	service *service
	call    *serve.Call
	// cancel ends the command early, and taken is called when it has its turn.
	cancel context.CancelCauseFunc
	taken  func()
	// result is what came of the turn, as the schedule has to know it.
	result schedule.Result
}

// handle carries out a command of another process.
func (s *service) handle(ctx context.Context, call *serve.Call) int {
	if !s.holds(call.Store) {
		fmt.Fprintf(call.Stderr, "xivosync: the service at this socket holds the store %s, not %s: give each a [serve] socket of its own\n", plain(s.store.Path()), plain(call.Store))
		return exitUsage
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	v := &visit{service: s, call: call, cancel: cancel}
	p := &program{
		out: bufio.NewWriter(call.Stdout), err: call.Stderr, style: style{call.Color},
		status: &status{w: call.Stderr, on: call.Terminal}, now: s.now, visit: v,
	}
	log := s.logger().With("who", call.Who, "command", p.verb(call.Args))
	if by := s.asked.add(p.sameRun(call.Args), call.Who); by != "" {
		fmt.Fprintf(p.err, "%s has asked for the same run, and it has not begun: it is made once, for both. \"xivosync runs\" shows it then.\n", plain(by))
		return exitDone
	}
	v.taken = func() { s.asked.remove(p.sameRun(call.Args)) }
	defer v.taken()
	v.warn()
	log.Debug("carrying out")
	code := p.execute(ctx, call.Args)
	log.Info("carried out", "exit", code)
	return code
}

// holds tells whether a store is the service's own, by whatever path. Somebody who
// does not say means this one.
func (s *service) holds(path string) bool {
	if path == "" {
		return true
	}
	asked, err := os.Stat(path)
	own, e := os.Stat(s.store.Path())
	return err == nil && e == nil && os.SameFile(asked, own)
}

// verb is the command alone: what follows it may hold a value that nobody is to
// read in a log.
func (p *program) verb(args []string) string {
	cmd, _, err := p.root().Find(args)
	if err != nil {
		return "none"
	}
	return cmd.CommandPath()
}

// sameRun tells runs by what they are asked for: "" for what is no run.
func (p *program) sameRun(args []string) string {
	cmd, rest, err := p.root().Find(args)
	if err != nil || cmd.Name() != "run" {
		return ""
	}
	return "run " + strings.Join(rest, "\x00")
}

// warn says that the file was changed since the service has read it.
func (v *visit) warn() {
	if _, settings := v.service.current(); v.call.Config != "" && v.call.Config != settings.Fingerprint {
		fmt.Fprintf(v.call.Stderr, "The service works with %s as it was before it was changed: \"systemctl reload xivosync\" loads it anew.\n", plain(v.service.path))
	}
}

func (v *visit) configuration() *config.Config {
	cfg, _ := v.service.current()
	return cfg
}

func (v *visit) who() string {
	if v.call == nil {
		return v.service.who
	}
	return v.call.Who
}

func (v *visit) trigger() string {
	if v.call == nil {
		return triggerService
	}
	if v.call.Trigger == triggerTimer {
		return triggerTimer
	}
	return triggerManual
}

// turn waits until nobody else uses the store, and returns how to give it back.
// The schedule's own runs are made in a turn already.
func (v *visit) turn(ctx context.Context) (release func(), err error) {
	if v.call == nil {
		return func() {}, nil
	}
	turn, done, err := v.service.loop.Turn(ctx, v.waits)
	if err != nil {
		return nil, err
	}
	v.taken()
	stop := context.AfterFunc(turn, func() { v.cancel(context.Cause(turn)) })
	return func() {
		stop()
		done(v.result)
		v.result = schedule.Result{}
	}, nil
}

// waits says what the command waits for.
func (v *visit) waits(s schedule.Status) {
	what := fmt.Sprintf("the service's %s run", s.Current.Mode)
	switch {
	case s.Current.Asked():
		what = "another command"
	case s.Current.Mails:
		what = "the sending of mails"
	}
	fmt.Fprintf(v.call.Stderr, "Waiting for %s, which began at %s. \"xivosync runs stop\" stops it.\n", what, s.Current.Since.Format("15:04:05"))
}
