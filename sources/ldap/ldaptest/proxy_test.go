package ldaptest_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"xivosync/sources/ldap/ldaptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talkative sends the same 1000 bytes to whoever connects, then waits.
func talkative(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(c, strings.Repeat("x", 1000))
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}()
		}
	}()
	return "ldap://" + l.Addr().String()
}

func dialProxy(t *testing.T, p *ldaptest.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.URL(), "ldap://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestProxyCutsOnce(t *testing.T) {
	t.Parallel()
	p := ldaptest.NewProxy(t, talkative(t))
	for _, n := range []int64{0, 1, 999} {
		p.CutAfter(n)
		got, _ := io.ReadAll(dialProxy(t, p))
		if int64(len(got)) != n {
			t.Errorf("%d bytes came through, want %d", len(got), n)
		}
	}
	whole := make([]byte, 1000)
	if _, err := io.ReadFull(dialProxy(t, p), whole); err != nil {
		t.Errorf("the next connection: %v", err)
	}
	if p.Connections() != 4 {
		t.Errorf("%d connections", p.Connections())
	}
}

func TestProxyStallsUntilItIsHealed(t *testing.T) {
	t.Parallel()
	p := ldaptest.NewProxy(t, talkative(t))
	p.StallAfter(300)
	c := dialProxy(t, p)
	if _, err := io.ReadFull(c, make([]byte, 300)); err != nil {
		t.Fatal(err)
	}
	if _, down := p.Bytes(); down != 300 {
		t.Errorf("%d bytes came through", down)
	}
	p.Heal()
	if _, err := io.ReadFull(c, make([]byte, 700)); err != nil {
		t.Errorf("after healing: %v", err)
	}
	p.KillIdle()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a killed connection still gives bytes")
	}
}
