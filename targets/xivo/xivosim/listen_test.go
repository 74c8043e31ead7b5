package xivosim

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An idle connection is closed under the client, as a real confd does after
// ten seconds.
func TestIdleConnectionsAreClosed(t *testing.T) {
	srv := listen(t, newTestSim(Options{IdleTimeout: 20 * time.Millisecond}))
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "GET /1.1/wizard HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %v", resp, err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the idle time: %v, want the end", err)
	}
}

func TestHTTPS(t *testing.T) {
	model := httptest.NewTLSServer(nil) // for its certificate
	defer model.Close()
	sim := newTestSim(Options{})
	srv, err := sim.Listen(Addresses{TLS: model.TLS})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	client := model.Client()
	defer client.CloseIdleConnections()
	resp, err := client.Get(srv.URL + "/1.1/wizard")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || !strings.HasPrefix(srv.AuthURL, "https://") {
		t.Errorf("%d at %s and %s", resp.StatusCode, srv.URL, srv.AuthURL)
	}
}

func TestListenOnATakenAddress(t *testing.T) {
	srv := listen(t, newTestSim(Options{}))
	taken := strings.TrimPrefix(srv.URL, "http://")
	if _, err := newTestSim(Options{}).Listen(Addresses{Web: taken}); err == nil {
		t.Error("listens, want an error")
	}
}
