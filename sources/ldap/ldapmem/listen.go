package ldapmem

import (
	"errors"
	"fmt"
	"net"
)

// Listen starts to serve at an address of the loopback interface; port 0 chooses
// one. What is served is not encrypted, so no other interface is allowed.
func (s *Server) Listen(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("listen at %s: only on the loopback interface, as 127.0.0.1", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", address, err)
	}
	s.listener = l
	s.done.Add(1)
	go s.accept(l)
	return nil
}

// URL is where clients connect, once Listen has returned.
func (s *Server) URL() string { return "ldap://" + s.listener.Addr().String() }

// Close stops serving and waits until every connection has ended.
func (s *Server) Close() error {
	s.connsMu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.connsMu.Unlock()
	var err error
	if s.listener != nil {
		err = s.listener.Close()
	}
	s.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) accept(l net.Listener) {
	defer s.done.Done()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.connsMu.Lock()
		if s.closed {
			s.connsMu.Unlock()
			_ = c.Close()
			return
		}
		s.conns[c] = struct{}{}
		s.done.Add(1)
		s.connsMu.Unlock()
		go func() {
			defer s.done.Done()
			s.serve(c)
			s.connsMu.Lock()
			delete(s.conns, c)
			s.connsMu.Unlock()
			_ = c.Close()
		}()
	}
}
