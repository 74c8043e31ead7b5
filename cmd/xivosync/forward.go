package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/serve"
	"xivosync/targets/xivo"
)

// served is the error of opening a store that a service has: the command is to
// be carried out there. Whoever opens the store by open, looking or writing
// needs to know nothing of it.
type served struct {
	conn net.Conn
	cfg  *config.Config
}

func (s *served) Error() string { return "a service holds the store " + s.cfg.State.Path }

// inService looks for a service that holds the store of the configuration.
func inService(cfg *config.Config) error {
	conn, err := serve.Dial(cfg.ControlSocket())
	if err != nil {
		return nil // whoever holds the store then is named by the store itself
	}
	return &served{conn, cfg}
}

// forward has the command carried out by the service.
func (p *program) forward(ctx context.Context, to *served, args []string) int {
	dir, err := os.Getwd()
	if err != nil {
		return p.conclude(err)
	}
	request := serve.Request{
		Args: args, Dir: dir, Terminal: p.status.on, Color: p.style.on,
		Trigger: startedBy(), Sudo: os.Getenv("SUDO_USER"), Store: absolute(to.cfg.State.Path), Config: fingerprint(to.cfg),
	}
	files := serve.Files{
		Named: func(path string) bool { return named(args, path) },
		Read:  os.ReadFile,
		Write: func(path string, data []byte) error {
			return replaceFile(path, func(w io.Writer) error { _, err := w.Write(data); return err })
		},
	}
	code, err := serve.Forward(ctx, to.conn, request, p.out, p.err, files)
	if e := p.out.Flush(); err == nil && e != nil {
		err = fmt.Errorf("write output: %w", e)
	}
	if err != nil {
		return p.conclude(err)
	}
	return code
}

// absolute is a path as another process finds it; the path itself, where nobody
// knows where this one is.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// named tells whether the command line names a path.
func named(args []string, path string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		return arg == path || strings.HasPrefix(arg, "-") && strings.HasSuffix(arg, "="+path) || arg == "-o"+path
	})
}

// fingerprint tells configurations apart by what they do; "" where it cannot be
// told.
func fingerprint(cfg *config.Config) string {
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return ""
	}
	return settings.Fingerprint
}

// readFile reads a file that the command line names, wherever the command is
// carried out.
func (p *program) readFile(path string) ([]byte, error) {
	if p.visit != nil {
		return p.visit.call.ReadFile(path)
	}
	return os.ReadFile(path)
}

// saveFile writes a file that the command line names, whole or not at all.
func (p *program) saveFile(path string, write func(io.Writer) error) error {
	if p.visit == nil {
		return replaceFile(path, write)
	}
	var data bytes.Buffer
	if err := write(&data); err != nil {
		return err
	}
	return p.visit.call.WriteFile(path, data.Bytes())
}

// path is where a path of the command line lies for a service, which writes
// there itself.
func (p *program) path(path string) string {
	if p.visit == nil || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.visit.call.Dir, path)
}
