package xivosim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Addresses says where to listen. An empty address is a free port of the
// loopback.
type Addresses struct {
	Confd string
	Auth  string
	Web   string
	// TLS serves HTTPS when given, plain HTTP when nil.
	TLS *tls.Config
}

// Server is a Sim that listens. Its URLs have no path: the client adds /1.1,
// /0.1 and the web interface's paths.
type Server struct {
	URL, AuthURL, WebURL string

	servers []*http.Server
	serving sync.WaitGroup
}

// Listen starts three listeners; close the server when done.
func (s *Sim) Listen(a Addresses) (*Server, error) {
	srv := &Server{}
	for _, l := range []struct {
		address string
		url     *string
		handler http.Handler
	}{
		{a.Confd, &srv.URL, s.Confd()},
		{a.Auth, &srv.AuthURL, s.Auth()},
		{a.Web, &srv.WebURL, s.Web()},
	} {
		url, err := srv.listen(l.address, a.TLS, l.handler, s.opt.IdleTimeout)
		if err != nil {
			return nil, errors.Join(err, srv.Close())
		}
		*l.url = url
	}
	return srv, nil
}

func (srv *Server) listen(address string, config *tls.Config, h http.Handler, idle time.Duration) (url string, err error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", address, err)
	}
	url = "http://" + l.Addr().String()
	if config != nil {
		l, url = tls.NewListener(l, config), "https://"+l.Addr().String()
	}
	server := &http.Server{Handler: h, IdleTimeout: idle, ReadHeaderTimeout: time.Minute}
	srv.servers = append(srv.servers, server)
	srv.serving.Go(func() { _ = server.Serve(l) }) // ends with ErrServerClosed
	return url, nil
}

// Close stops listening and breaks what is open; it waits for the listeners
// to be gone.
func (srv *Server) Close() error {
	var err error
	for _, s := range srv.servers {
		err = errors.Join(err, s.Close())
	}
	srv.serving.Wait()
	if err != nil {
		return fmt.Errorf("close simulated XiVO: %w", err)
	}
	return nil
}

// Shutdown stops listening and lets running requests end.
func (srv *Server) Shutdown(ctx context.Context) error {
	var err error
	for _, s := range srv.servers {
		err = errors.Join(err, s.Shutdown(ctx))
	}
	srv.serving.Wait()
	if err != nil {
		return fmt.Errorf("shut down simulated XiVO: %w", err)
	}
	return nil
}
