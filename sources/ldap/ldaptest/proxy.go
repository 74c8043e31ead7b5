package ldaptest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server and breaks their connections on
// purpose. Its faults count the bytes that the server sends, over all
// connections, from the moment that the fault was set.
type Proxy struct {
	t        testing.TB
	listener net.Listener
	target   string
	done     sync.WaitGroup

	connections atomic.Int64
	up, down    atomic.Int64

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
	cut    int64 // bytes of answers until the connection is cut; -1 is never
	stall  int64 // bytes of answers until nothing more is passed on
	lifted chan struct{}
}

// NewProxy starts a proxy before the server at an ldap://, ldaps:// or ldapi:// URL.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start the proxy: %v", err)
	}
	p := &Proxy{t: t, listener: l, target: targetOf(target), open: map[net.Conn]struct{}{}, cut: -1, stall: -1, lifted: make(chan struct{})}
	p.done.Add(1)
	go p.accept()
	t.Cleanup(p.Close)
	return p
}

// URL is where clients dial, with the scheme of the server behind.
func (p *Proxy) URL() string { return "ldap://" + p.listener.Addr().String() }

// LDAPSURL is the same for a server that speaks TLS from the first byte.
func (p *Proxy) LDAPSURL() string { return "ldaps://" + p.listener.Addr().String() }

// CutAfter closes the connection once n more bytes of answers went through; the
// first n are delivered.
func (p *Proxy) CutAfter(n int64) { p.set(func() { p.cut = n }) }

// StallAfter passes nothing more on once n more bytes of answers went through,
// without closing anything.
func (p *Proxy) StallAfter(n int64) { p.set(func() { p.stall = n }) }

// Heal ends all faults; what was stalled is passed on.
func (p *Proxy) Heal() {
	p.set(func() {
		p.cut, p.stall = -1, -1
		close(p.lifted)
		p.lifted = make(chan struct{})
	})
}

// KillIdle closes all connections, as a firewall does that forgot them.
func (p *Proxy) KillIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// Connections counts those that were accepted so far.
func (p *Proxy) Connections() int64 { return p.connections.Load() }

// Bytes counts what clients and server sent so far.
func (p *Proxy) Bytes() (up, down int64) { return p.up.Load(), p.down.Load() }

// Close ends the proxy and all connections through it.
func (p *Proxy) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.lifted)
	}
	p.mu.Unlock()
	_ = p.listener.Close()
	p.KillIdle()
	p.done.Wait()
}

func (p *Proxy) set(fault func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		fault()
	}
}

func (p *Proxy) accept() {
	defer p.done.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.connections.Add(1)
		server, err := dialTarget(p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !p.keep(client, server) {
			return
		}
		p.done.Add(2)
		go p.pass(client, server, p.upward)
		go p.pass(server, client, p.downward)
	}
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
		}
		p.open[c] = struct{}{}
	}
	return !p.closed
}

// pass copies from one to the other until either ends, or allow says so.
func (p *Proxy) pass(from, to net.Conn, allow func(n int) (int, bool)) {
	defer p.done.Done()
	defer func() {
		_, _ = from.Close(), to.Close()
		p.mu.Lock()
		delete(p.open, from)
		delete(p.open, to)
		p.mu.Unlock()
	}()
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		for sent := 0; sent < n; {
			pass, ok := allow(n - sent)
			if _, werr := to.Write(buf[sent : sent+pass]); werr != nil || !ok {
				return
			}
			sent += pass
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) upward(n int) (int, bool) {
	p.up.Add(int64(n))
	return n, true
}

// downward tells how many of n bytes may pass, and false when the connection is
// to be cut after them. While answers are stalled it waits.
func (p *Proxy) downward(n int) (int, bool) {
	for {
		p.mu.Lock()
		pass, cut, stalled := p.spend(int64(n))
		lifted, closed := p.lifted, p.closed
		p.mu.Unlock()
		if closed {
			return 0, false
		}
		if !stalled {
			p.down.Add(pass)
			return int(pass), !cut
		}
		<-lifted
	}
}

func (p *Proxy) spend(n int64) (pass int64, cut, stalled bool) {
	if p.stall == 0 {
		return 0, false, true
	}
	if p.stall > 0 {
		n = min(n, p.stall)
		p.stall -= n
	}
	if p.cut >= 0 {
		n = min(n, p.cut)
		p.cut -= n
		if cut = p.cut == 0; cut {
			p.cut = -1 // the next connection is whole again
		}
	}
	return n, cut, false
}
