package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"xivosync/targets/xivo/xivosim"
)

// simulation is what the flags of simulate say.
type simulation struct {
	at                 xivosim.Addresses
	username, password string
	pace, data         string
	cert, key          string
}

// paces are the speeds by their names.
var paces = map[string]xivosim.Pace{"none": xivosim.PaceNone, "measured": xivosim.PaceMeasured}

func (p *program) simulateCommand() *cobra.Command {
	s := simulation{}
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated XiVO to rehearse against",
		Long: `Serve a XiVO that exists only in memory, until SIGTERM or SIGINT.

The first line on stdout, printed when everything listens, is one JSON object:
  {"url":URL,"auth_url":URL,"web_url":URL,"username":TEXT,"password":TEXT}
Put these into a copy of the configuration ([xivo] url, auth_url and username; the
password into the file that it refers to), and plan and run as if it were real.
With --data, people and settings are read from a file and written back at the end.

Its contexts allow what those of a new XiVO do: internal numbers 1000 to 1999 in
"default", direct numbers 1000 to 9999 in "from-extern". To allow others, stop it and
change user_ranges and incall_ranges in the file of --data.` +
			exitStatus(exitFailed, exitUsage),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.simulate(cmd.Context(), s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.at.Confd, "listen", "", "`address` of confd (default a free port of the loopback)")
	f.StringVar(&s.at.Auth, "auth-listen", "", "`address` of xivo-auth (default a free port of the loopback)")
	f.StringVar(&s.at.Web, "web-listen", "", "`address` of the web interface (default a free port of the loopback)")
	f.StringVar(&s.username, "username", "xivosync", "web services `user`")
	f.StringVar(&s.password, "password", "secret", "its `password`")
	f.StringVar(&s.pace, "pace", "none", "speed: none, or measured like a real XiVO")
	f.StringVar(&s.data, "data", "", "`file` that holds the whole content as JSON, read at the start and written at the end")
	f.StringVar(&s.cert, "tls-cert", "", "certificate `file` in PEM, to serve HTTPS")
	f.StringVar(&s.key, "tls-key", "", "its key `file`")
	return cmd
}

func (p *program) simulate(ctx context.Context, s simulation) error {
	if err := s.check(); err != nil {
		return err
	}
	sim := xivosim.New(xivosim.Options{Username: s.username, Password: s.password, Pace: paces[s.pace]})
	if err := s.restore(sim); err != nil {
		return err
	}
	server, err := sim.Listen(s.at)
	if err != nil {
		return err
	}
	err = p.announce(server, s)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, shutDown(server), s.save(sim))
}

// announce prints the one line that tells where the simulation listens.
func (p *program) announce(server *xivosim.Server, s simulation) error {
	err := printJSON(p.out, struct {
		URL      string `json:"url"`
		AuthURL  string `json:"auth_url"`
		WebURL   string `json:"web_url"`
		Username string `json:"username"`
		Password string `json:"password"`
	}{server.URL, server.AuthURL, server.WebURL, s.username, s.password})
	return errors.Join(err, p.out.Flush())
}

// closing is how long running requests may take at the end.
const closing = 5 * time.Second

func shutDown(server *xivosim.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// check refuses what cannot be, and reads the certificate.
func (s *simulation) check() error {
	if _, known := paces[s.pace]; !known {
		return usagef("--pace %s: it is none or measured", s.pace)
	}
	if s.username == "" || s.password == "" {
		return usagef("--username and --password cannot be empty")
	}
	if (s.cert == "") != (s.key == "") {
		return usagef("--tls-cert and --tls-key go together")
	}
	if s.cert == "" {
		return s.staysHere()
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		return fmt.Errorf("load certificate: %w", err)
	}
	s.at.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}

// staysHere refuses plain HTTP that others could reach.
func (s *simulation) staysHere() error {
	for flag, address := range map[string]string{"--listen": s.at.Confd, "--auth-listen": s.at.Auth, "--web-listen": s.at.Web} {
		if address == "" {
			continue
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return usagef("%s %s: it is HOST:PORT", flag, address)
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return usagef("%s %s: plain HTTP is served on the loopback only; give --tls-cert and --tls-key", flag, address)
		}
	}
	return nil
}
