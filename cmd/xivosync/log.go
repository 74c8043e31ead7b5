package main

import (
	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
)

// logger writes to stderr what the configuration asks for.
func (p *program) logger(cfg config.Log) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name:       "xivosync",
		Level:      hclog.LevelFromString(cfg.Level),
		Output:     p.status,
		JSONFormat: cfg.Format == "json",
	})
}
