package main

import (
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile/record"
	"xivosync/store"
)

// runLog is a logger whose lines bear the number of the run, as soon as it has
// one: both sides and the store are opened before that.
type runLog struct {
	hclog.Logger
	run *atomic.Uint64
}

func newRunLog(log hclog.Logger) *runLog { return &runLog{log, &atomic.Uint64{}} }

// numbered is the logger with the run.
func (l *runLog) numbered() hclog.Logger {
	if run := l.run.Load(); run != 0 {
		return l.Logger.With("run", run)
	}
	return l.Logger
}

// Log writes a line of that level.
func (l *runLog) Log(level hclog.Level, msg string, args ...any) {
	if level >= l.GetLevel() {
		l.numbered().Log(level, msg, args...)
	}
}

// Trace writes a line of that level, as do the other four.
func (l *runLog) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }

// Debug is like Trace.
func (l *runLog) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }

// Info is like Trace.
func (l *runLog) Info(msg string, args ...any) { l.Log(hclog.Info, msg, args...) }

// Warn is like Trace.
func (l *runLog) Warn(msg string, args ...any) { l.Log(hclog.Warn, msg, args...) }

// Error is like Trace.
func (l *runLog) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

// With returns a logger whose lines bear these, too.
func (l *runLog) With(args ...any) hclog.Logger { return &runLog{l.Logger.With(args...), l.run} }

// Named returns a logger of a part.
func (l *runLog) Named(name string) hclog.Logger { return &runLog{l.Logger.Named(name), l.run} }

// ResetNamed returns a logger of another name.
func (l *runLog) ResetNamed(name string) hclog.Logger {
	return &runLog{l.Logger.ResetNamed(name), l.run}
}

// begun is a store that tells the logger which run has begun.
type begun struct {
	*store.DB
	run *atomic.Uint64
}

// Begin opens a run.
func (b begun) Begin(run record.Run) (record.Run, error) {
	run, err := b.DB.Begin(run)
	if err == nil {
		b.run.Store(run.Number)
	}
	return run, err
}
