package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/spf13/cobra"

	"xivosync/sources/ldap/ldapmem"
	"xivosync/targets/xivo/xivosim"
	"xivosync/testdata/ldif"
)

func (p *program) demoCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on an embedded directory and a simulated XiVO",
		Long: `Run the real commands against a directory and a XiVO that exist only in this
process, and tell what happens. Nothing leaves the machine, and nothing of it
stays.

With --ldif, your own export takes the place of the built-in people: a rehearsal
of the first run.` + exitStatus(exitFailed, exitUsage),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.demo(cmd.Context(), file) },
	}
	cmd.Flags().StringVar(&file, "ldif", "", "rehearse with the people of this export (LDIF `file`)")
	return cmd
}

func (p *program) demo(ctx context.Context, file string) (err error) {
	text := ldif.Demo
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		text = string(b)
	}
	s, err := newStage(ctx, p, text)
	if err != nil {
		if file != "" {
			return fmt.Errorf("%s: %w", file, err)
		}
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if file != "" {
		return s.rehearse()
	}
	return s.story()
}

// The account of the demo's directory and of its XiVO; both exist only in this
// process.
const (
	demoAccount  = "cn=xivosync,ou=services,dc=xivosync,dc=demo"
	demoPassword = "demo-only"
)

// stage is both systems of the demo, with a configuration that names them.
type stage struct {
	ctx       context.Context
	p         *program
	dir       string
	directory *ldapmem.Server
	sim       *xivosim.Sim
	server    *xivosim.Server
	// clock goes an hour ahead with each command, as a schedule would.
	clock time.Time
	step  int
}

func newStage(ctx context.Context, p *program, text string) (s *stage, err error) {
	s = &stage{ctx: ctx, p: p, clock: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.directory, err = ldapmem.New(strings.NewReader(text), ldapmem.Account(demoAccount, demoPassword)); err != nil {
		return s, err
	}
	if err = s.directory.Listen("127.0.0.1:0"); err != nil {
		return s, err
	}
	s.sim = xivosim.New(xivosim.Options{Password: demoPassword})
	if s.server, err = s.sim.Listen(xivosim.Addresses{}); err != nil {
		return s, err
	}
	if s.dir, err = os.MkdirTemp("", "xivosync-demo-"); err != nil {
		return s, err
	}
	return s, os.WriteFile(s.path("secret"), []byte(demoPassword), 0o600)
}

func (s *stage) close() error {
	var errs []error
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	if s.directory != nil {
		errs = append(errs, s.directory.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// configure writes the configuration file that every command reads.
func (s *stage) configure(base, filter, ldapIdentifier, xivoIdentifier string, fields string) error {
	text := fmt.Sprintf(`[ldap]
url = %q
bind_dn = %q
password = %q
base = %q
filter = %q
disabled = "(employeeType=former)"

[xivo]
url = %q
auth_url = %q
web_url = %q
username = "xivosync"
password = %q

[state]
path = %q

[identifier]
ldap = %q
xivo = %q

[numbering]
region = "FR"

[log]
level = "warn"
%s`, s.directory.URL(), demoAccount, "file:"+s.path("secret"), base, filter, s.server.URL, s.server.AuthURL, s.server.WebURL,
		"file:"+s.path("secret"), s.path("state.db"), ldapIdentifier, xivoIdentifier, fields)
	return os.WriteFile(s.path("xivosync.toml"), []byte(text), 0o600)
}

// say tells what happens next.
func (s *stage) say(format string, args ...any) {
	s.step++
	fmt.Fprintf(s.p.out, "\n%s\n", s.p.style.bold(fmt.Sprintf("%d. "+format, append([]any{s.step}, args...)...)))
}

// do runs one real command and shows it with what it prints. Its exit code has
// to be the one that the story expects: else the demo itself is wrong.
func (s *stage) do(want int, args ...string) error {
	s.clock = s.clock.Add(time.Hour)
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = shellWord(arg)
	}
	fmt.Fprintf(s.p.out, "\n  $ xivosync %s\n\n", strings.Join(words, " "))
	var printed bytes.Buffer
	p := newProgram(&printed, &printed)
	p.style, p.now = s.p.style, func() time.Time { return s.clock }
	full := append([]string{"--config", s.path("xivosync.toml")}, s.inside(args)...)
	code := p.execute(s.ctx, full)
	s.show(printed.String())
	if err := s.p.out.Flush(); err != nil {
		return err
	}
	if code != want {
		return fmt.Errorf("demo: xivosync %s ended with %d, not %d", strings.Join(args, " "), code, want)
	}
	if code != exitDone {
		fmt.Fprintf(s.p.out, "  (exit code %d: %s)\n", code, exitMeanings[code])
	}
	return nil
}

// show shifts what a command printed, so that it stands out from the story, and
// leaves out the demo's own folder.
func (s *stage) show(printed string) {
	for line := range strings.Lines(strings.ReplaceAll(printed, s.dir+string(filepath.Separator), "")) {
		if line != "\n" {
			line = "  " + line
		}
		fmt.Fprint(s.p.out, line)
	}
}

// inside puts the plan file into the demo's own folder.
func (s *stage) inside(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if strings.HasSuffix(a, ".json") {
			out[i] = s.path(a)
		}
	}
	return out
}

// inDirectory changes one attribute as the directory's administrator would.
func (s *stage) inDirectory(dn, attribute string, values ...string) error {
	conn, err := goldap.DialURL(s.directory.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Bind(demoAccount, demoPassword); err != nil {
		return err
	}
	m := goldap.NewModifyRequest(dn, nil)
	m.Replace(attribute, values)
	return conn.Modify(m)
}
