package mailtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Middle is somebody on the way to a relay who wants mails in clear.
type Middle struct {
	// Port is where it listens on 127.0.0.1.
	Port int
	// Refuse has it leave the relay's offer of STARTTLS standing, and refuse when it is
	// taken; else it takes the offer out of the answer.
	Refuse bool

	mu   sync.Mutex
	said []string
}

// StartMiddle puts one before a relay until the test ends.
func StartMiddle(t testing.TB, r *Relay, refuse bool) *Middle {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &Middle{Port: l.Addr().(*net.TCPAddr).Port, Refuse: refuse}
	behind := r.Port
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			all.Go(func() { m.between(client, behind) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		ended := make(chan struct{})
		go func() { all.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			t.Error("a client left its connection open")
			<-ended
		}
	})
	return m
}

// Said are the lines that clients sent in clear.
func (m *Middle) Said() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.said...)
}

// between passes lines on until one end is closed.
func (m *Middle) between(client net.Conn, port int) {
	defer client.Close()
	server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close()
		m.answers(client, bufio.NewReader(server))
	})
	defer back.Wait()
	defer server.Close()
	for lines := bufio.NewReader(client); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		m.mu.Lock()
		m.said = append(m.said, strings.TrimSpace(line))
		m.mu.Unlock()
		if m.Refuse && strings.HasPrefix(strings.ToUpper(line), "STARTTLS") {
			_, err = io.WriteString(client, "454 4.7.0 TLS not available\r\n")
		} else {
			_, err = io.WriteString(server, line)
		}
		if err != nil {
			return
		}
	}
}

// answers passes the relay's answers on, each as a whole, without its offer.
func (m *Middle) answers(client io.Writer, server *bufio.Reader) {
	var answer []string
	for {
		line, err := server.ReadString('\n')
		if err != nil {
			return
		}
		if m.Refuse || !strings.Contains(strings.ToUpper(line), "STARTTLS") {
			answer = append(answer, line)
		}
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		for i, one := range answer {
			mark := "-"
			if i == len(answer)-1 {
				mark = " "
			}
			if _, err := io.WriteString(client, one[:3]+mark+one[4:]); err != nil {
				return
			}
		}
		answer = nil
	}
}
