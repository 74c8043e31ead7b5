package ldaptest

import (
	"bufio"
	"net"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Meddler stands between a client and a server, like [Proxy], but understands
// the messages: a test can act just before a request arrives, lose exactly one
// answer, or put another in its place. It needs a connection without TLS.
type Meddler struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu       sync.Mutex
	open     []net.Conn
	closed   bool
	requests map[ber.Tag]Meddling
	answers  map[ber.Tag]Meddling
	refusals []refusal
	strict   *Strict
}

// Meddling gets a message and returns the one to pass on; nil closes the
// connection instead.
type Meddling func(*ber.Packet) *ber.Packet

// The operations of RFC 4511 that tests meddle with.
const (
	SearchRequest  = 3
	SearchDone     = 5
	ModifyRequest  = 6
	ModifyResponse = 7
)

// Lose passes nothing on.
func Lose(*ber.Packet) *ber.Packet { return nil }

// Before passes a message on after doing something else.
func Before(do func()) Meddling {
	return func(p *ber.Packet) *ber.Packet {
		do()
		return p
	}
}

// Fail puts a result code into an answer.
func Fail(code int) Meddling {
	return func(p *ber.Packet) *ber.Packet {
		op := p.Children[1]
		result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op.Tag, nil, "")
		result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
		result.AppendChild(op.Children[1])
		result.AppendChild(op.Children[2])
		out := ber.NewSequence("")
		out.AppendChild(p.Children[0])
		out.AppendChild(result)
		return out
	}
}

// NewMeddler starts one before the server at an ldap:// URL.
func NewMeddler(t testing.TB, target string) *Meddler {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start the meddler: %v", err)
	}
	m := &Meddler{
		listener: l, target: targetOf(target),
		requests: map[ber.Tag]Meddling{}, answers: map[ber.Tag]Meddling{},
	}
	m.done.Add(1)
	go m.accept()
	t.Cleanup(m.close)
	return m
}

// URL is where clients dial.
func (m *Meddler) URL() string { return "ldap://" + m.listener.Addr().String() }

// OnRequest meddles with the next request of this kind.
func (m *Meddler) OnRequest(tag ber.Tag, f Meddling) { m.set(m.requests, tag, f) }

// OnAnswer meddles with the next answer of this kind.
func (m *Meddler) OnAnswer(tag ber.Tag, f Meddling) { m.set(m.answers, tag, f) }

func (m *Meddler) set(at map[ber.Tag]Meddling, tag ber.Tag, f Meddling) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at[tag] = f
}

func (m *Meddler) take(from map[ber.Tag]Meddling, tag ber.Tag) Meddling {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := from[tag]
	delete(from, tag)
	return f
}

func (m *Meddler) close() {
	_ = m.listener.Close()
	m.mu.Lock()
	m.closed = true
	for _, c := range m.open {
		_ = c.Close()
	}
	m.mu.Unlock()
	m.done.Wait()
}

func (m *Meddler) accept() {
	defer m.done.Done()
	for {
		client, err := m.listener.Accept()
		if err != nil {
			return
		}
		server, err := dialTarget(m.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		m.mu.Lock()
		m.open = append(m.open, client, server)
		if m.closed {
			_, _ = client.Close(), server.Close()
		}
		m.mu.Unlock()
		m.done.Add(2)
		limits := &strictness{m: m, searches: map[int64]*strictSearch{}}
		go m.pass(client, server, m.requests, func(p *ber.Packet) []*ber.Packet { return []*ber.Packet{limits.request(p)} })
		go m.pass(server, client, m.answers, limits.answer)
	}
}

func (m *Meddler) pass(from, to net.Conn, meddlings map[ber.Tag]Meddling, limit func(*ber.Packet) []*ber.Packet) {
	defer m.done.Done()
	defer func() { _, _ = from.Close(), to.Close() }()
	in := bufio.NewReader(from)
	for {
		p, err := ber.ReadPacket(in)
		if err != nil {
			return
		}
		if len(p.Children) > 1 {
			if f := m.take(meddlings, p.Children[1].Tag); f != nil {
				p = f(p)
			}
		}
		if p == nil {
			return
		}
		if answer := m.answer(p); answer != nil {
			if _, err := from.Write(answer.Bytes()); err != nil {
				return
			}
			continue
		}
		for _, q := range limit(p) {
			if _, err := to.Write(q.Bytes()); err != nil {
				return
			}
		}
	}
}
