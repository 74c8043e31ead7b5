package e2e

import (
	"net"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// The operations of LDAP that tests look for (RFC 4511, section 4).
const (
	searchRequest  = 3
	searchDone     = 5
	modifyRequest  = 6
	modifyResponse = 7
)

// gate stands before a directory and shows each message to a test before it
// passes on.
type gate struct {
	URL string

	target   string
	listener net.Listener
	done     sync.WaitGroup

	mu     sync.Mutex
	watch  func(m *message)
	open   map[net.Conn]bool
	closed bool
}

// message is one on its way. The test may drop the connection in its place, or
// replace it.
type message struct {
	Operation int
	Packet    *ber.Packet
	Drop      bool
}

// newGate starts one before the server at an ldap:// URL.
func newGate(t testing.TB, url string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{URL: "ldap://" + l.Addr().String(), target: strings.TrimPrefix(url, "ldap://"), listener: l, open: map[net.Conn]bool{}}
	g.done.Go(g.accept)
	t.Cleanup(g.close)
	return g
}

// Watch has f called with every message; nil ends it.
func (g *gate) Watch(f func(m *message)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watch = f
}

func (g *gate) close() {
	_ = g.listener.Close()
	g.mu.Lock()
	g.closed = true
	for c := range g.open {
		_ = c.Close()
	}
	g.mu.Unlock()
	g.done.Wait()
}

func (g *gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", g.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		g.mu.Lock()
		g.open[client], g.open[server] = true, true
		if g.closed {
			_, _ = client.Close(), server.Close()
		}
		g.mu.Unlock()
		g.done.Go(func() { g.pass(client, server) })
		g.done.Go(func() { g.pass(server, client) })
	}
}

func (g *gate) pass(from, to net.Conn) {
	defer func() {
		_, _ = from.Close(), to.Close()
		g.mu.Lock()
		delete(g.open, from)
		delete(g.open, to)
		g.mu.Unlock()
	}()
	for {
		p, err := ber.ReadPacket(from)
		if err != nil || len(p.Children) < 2 {
			return
		}
		g.mu.Lock()
		watch := g.watch
		g.mu.Unlock()
		m := &message{Operation: int(p.Children[1].Tag), Packet: p}
		if watch != nil {
			watch(m)
		}
		if m.Drop {
			return
		}
		if _, err := to.Write(m.Packet.Bytes()); err != nil {
			return
		}
	}
}

// answer replaces a message by a result of that code for the same request.
func (m *message) answer(operation int, code int64, text string) {
	result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ber.Tag(operation), nil, "result")
	result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, "code"))
	result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", "dn"))
	result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "text"))
	p := ber.NewSequence("message")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, m.Packet.Children[0].Value.(int64), "id"))
	p.AppendChild(result)
	m.Packet = p
}
