package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/rogpeppe/go-internal/testscript"

	"xivosync/sources/ldap/ldapmem"
	"xivosync/store"
	"xivosync/targets/xivo/xivosim"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// world is what a script works with.
type world struct {
	directory *ldapmem.Server
	sim       *xivosim.Sim
	simulator *exec.Cmd
}

func setUp(env *testscript.Env) error {
	env.Setenv("LDAP_PASSWORD", "demo")
	env.Setenv("XIVO_PASSWORD", "secret")
	env.Setenv("INVOCATION_ID", "") // a run is "manual" wherever the tests run
	env.Setenv("TZ", "UTC")
	env.Values["world"] = &world{}
	return nil
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value("world").(*world) }

// exits CODE COMMAND…: the command ends with exactly that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// sides LDIF: starts a directory with that content and an empty XiVO, and puts
// their addresses into the environment as LDAP_URL, XIVO_URL and AUTH_URL. The
// rights of XiVO's account are those in the environment's ACLS, or all.
func sides(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	var err error
	w.directory, err = ldapmem.New(strings.NewReader(ts.ReadFile(args[0])), ldapmem.Account("cn=sync,dc=test", "demo"))
	ts.Check(err)
	ts.Check(w.directory.Listen("127.0.0.1:0"))
	ts.Defer(func() { ts.Check(w.directory.Close()) })
	w.sim = xivosim.New(xivosim.Options{ACLs: append([]string(nil), strings.Fields(ts.Getenv("ACLS"))...)})
	server, err := w.sim.Listen(xivosim.Addresses{})
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	configure(ts, w.directory.URL(), server.URL, server.AuthURL)
}

// configure completes the script's configurations with the addresses.
func configure(ts *testscript.TestScript, ldapURL, xivoURL, authURL string) {
	files, err := filepath.Glob(ts.MkAbs("*.toml"))
	ts.Check(err)
	for _, file := range files {
		text := strings.NewReplacer("LDAP_URL", ldapURL, "XIVO_URL", xivoURL, "AUTH_URL", authURL).Replace(ts.ReadFile(file))
		ts.Check(os.WriteFile(file, []byte(text), 0o600))
	}
}

// strike METHOD PATH NTH STATUS: XiVO answers so to that request, 0 for all.
func strike(ts *testscript.TestScript, _ bool, args []string) {
	nth, err := strconv.Atoi(args[2])
	ts.Check(err)
	status, err := strconv.Atoi(args[3])
	ts.Check(err)
	worldOf(ts).sim.Inject(xivosim.Fault{Method: args[0], Path: args[1], Nth: nth, Effect: xivosim.AnswerInstead, Status: status, Body: `["Input Error - struck"]`})
}

// ldap set DN ATTRIBUTE VALUE…, or ldap delete DN: edits the directory behind
// xivosync's back.
func editDirectory(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := goldap.DialURL(worldOf(ts).directory.URL())
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.Bind("cn=sync,dc=test", "demo"))
	if args[0] == "delete" {
		ts.Check(conn.Del(goldap.NewDelRequest(args[1], nil)))
		return
	}
	change := goldap.NewModifyRequest(args[1], nil)
	change.Replace(args[2], args[3:])
	ts.Check(conn.Modify(change))
}

// xivo METHOD PATH [BODY]: asks confd as the machine itself, behind xivosync's
// back; FIRSTNAME in the path stands for the user of that first name.
func editXiVO(ts *testscript.TestScript, _ bool, args []string) {
	path := args[1]
	if before, name, found := strings.Cut(path, "@"); found {
		path = before + userNamed(ts, name)
	}
	body := ""
	if len(args) > 2 {
		body = args[2]
	}
	_, err := fmt.Fprint(ts.Stdout(), confd(ts, args[0], path, body))
	ts.Check(err)
}

func confd(ts *testscript.TestScript, method, path, body string) string {
	r := httptest.NewRequest(method, "/1.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	worldOf(ts).sim.LocalConfd().ServeHTTP(answer, r)
	if answer.Code >= http.StatusBadRequest {
		ts.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func userNamed(ts *testscript.TestScript, name string) string {
	var list struct {
		Items []struct{ Firstname, UUID string }
	}
	ts.Check(json.Unmarshal([]byte(confd(ts, http.MethodGet, "/users", "")), &list))
	for _, u := range list.Items {
		if u.Firstname == name {
			return u.UUID
		}
	}
	ts.Fatalf("XiVO has no user %s", name)
	return ""
}

// simulate ARGS…: starts the command and waits for its first line, which it
// keeps in the file first-line.
func simulate(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	w.simulator = exec.Command("xivosync", append([]string{"simulate"}, args...)...)
	w.simulator.Dir = ts.MkAbs(".")
	out, err := w.simulator.StdoutPipe()
	ts.Check(err)
	ts.Check(w.simulator.Start())
	ts.Defer(func() { _ = w.simulator.Process.Kill() }) // gone already, unless the script failed
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(out).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		ts.Check(os.WriteFile(ts.MkAbs("first-line"), []byte(text), 0o600))
	case <-time.After(patience):
		ts.Fatalf("the simulated XiVO does not say where it listens")
	}
}

// stop: ends it by SIGTERM, and wants it to succeed.
func stop(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	ts.Check(w.simulator.Process.Signal(syscall.SIGTERM))
	ts.Check(w.simulator.Wait())
}

// hold FILE: holds the store open, as another process would.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	db, err := store.Open(ts.MkAbs(args[0]), store.Options{NoSync: true})
	ts.Check(err)
	ts.Defer(func() { ts.Check(db.Close()) })
}

// keeps JSON-KEY=TYPE…: stdout is one JSON value that has these keys, in its
// first element where it is a list.
func keeps(ts *testscript.TestScript, _ bool, keys []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			ts.Fatalf("the list is empty")
		}
		v = list[0]
	}
	object, ok := v.(map[string]any)
	if !ok {
		ts.Fatalf("no object")
	}
	for _, key := range keys {
		if _, has := object[key]; !has {
			ts.Fatalf("no key %s in %v", key, object)
		}
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	p := newProgram(os.Stdout, os.Stderr)
	for _, c := range p.root().Commands() {
		if c.Short == "" || c.Long == "" {
			t.Errorf("%s has no help", c.CommandPath())
		}
	}
}
