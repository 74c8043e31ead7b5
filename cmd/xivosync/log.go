package main

import (
	"io"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
)

// logger writes to stderr what the configuration asks for.
func (p *program) logger(cfg config.Log) hclog.Logger { return newLogger(cfg, p.logs()) }

func newLogger(cfg config.Log, w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name:       "xivosync",
		Level:      hclog.LevelFromString(cfg.Level),
		Output:     w,
		JSONFormat: cfg.Format == "json",
	})
}

// logs is where the log goes: in a command that a service carries out to both,
// the service's own log first.
func (p *program) logs() io.Writer {
	if p.visit != nil && p.visit.call != nil {
		return io.MultiWriter(p.visit.service.err, p.status)
	}
	return p.status
}
