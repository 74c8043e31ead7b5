package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// insideHouse names the page in the environment of the process that walks it.
const insideHouse = "XIVOSYNC_DOCS_PAGE"

// TestTheDocsAreTrue runs every command line of every page as it is written, by a
// shell, on a machine where the page's files, names and ports are those of the
// text: a real slapd or Samba, a simulated XiVO. Each has to end with the exit code
// that its remark names, or 0, and to print what the page shows of its output. Each
// page has a process of its own, in namespaces of its own.
func TestTheDocsAreTrue(t *testing.T) {
	all := pages(t)
	if name := os.Getenv(insideHouse); name != "" {
		at := slices.IndexFunc(all, func(p page) bool { return p.name == name })
		newWalk(t, all[at]).through(all[at])
		return
	}
	if os.Geteuid() != 0 {
		t.Fatal("a machine of its own for each page takes root: run the tests as root, or in a container")
	}
	for _, p := range all {
		if !p.has() {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestTheDocsAreTrue$", fmt.Sprintf("-test.v=%v", testing.Verbose()))
			cmd.Env = append(os.Environ(), insideHouse+"="+p.name)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Setpgid: true, Pdeathsig: syscall.SIGKILL}
			out, err := cmd.CombinedOutput()
			if cmd.Process != nil {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left running
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			} else if testing.Verbose() {
				t.Logf("%s", out)
			}
		})
	}
}

// walk is a reader's way through a page.
type walk struct {
	*house
	// dir is where the reader stands, printed what the last block of commands said,
	// and file where the next block goes.
	dir, printed, file string
	env                []string
}

func newWalk(t *testing.T, p page) *walk {
	t.Helper()
	h := newHouse(t)
	h.xivo()
	switch own := p.own(); {
	case strings.Contains(own, `"objectGUID"`):
		h.activeDirectory()
	case own == "":
		h.write("/etc/xivosync/xivosync.toml", h.testdata("xivosync.toml"))
		fallthrough
	default:
		h.openLDAP()
	}
	if !p.says("apt install ") {
		h.installed()
	}
	return &walk{house: h, dir: h.home, env: h.environment()}
}

// through does what the page says, from its top to its end.
func (w *walk) through(p page) {
	w.t.Helper()
	for _, b := range p.blocks {
		switch b.kind {
		case fileComment:
			w.file = b.text
			continue
		case testComment:
			for _, line := range b.commands() {
				w.prepare(line)
			}
		case commandBlock:
			w.printed = ""
			for _, line := range b.commands() {
				w.carryOut(line)
			}
		case outputBlock:
			w.compare(b.text)
		case "toml", "ldif":
			w.keep(b.text)
		}
		w.file = ""
		if w.t.Failed() {
			return // what follows builds on it
		}
	}
}

// keep writes a block into the file that the comment before it names; the page's
// whole configuration has its place.
func (w *walk) keep(text string) {
	w.t.Helper()
	if w.file == "" && strings.Contains(text, "[ldap]\n") {
		w.file = "/etc/xivosync/xivosync.toml"
	}
	if w.file == "" {
		return
	}
	path, more := strings.CutPrefix(w.file, "+ ")
	if !filepath.IsAbs(path) {
		path = filepath.Join(w.dir, path)
	}
	text = strings.ReplaceAll(text, "sha256:"+strings.Repeat("0", 64), "sha256:"+w.fingerprint())
	if old, err := os.ReadFile(path); more && err == nil {
		text = string(old) + "\n" + text
	}
	w.write(path, text)
}

// fingerprint is what the reader puts in place of the noughts.
func (w *walk) fingerprint() string {
	w.t.Helper()
	out, _ := w.shell("openssl x509 -noout -fingerprint -sha256 -in /usr/share/xivo-certs/server.crt", 0)
	_, hex, _ := strings.Cut(strings.TrimSpace(out), "=")
	return strings.ReplaceAll(hex, ":", "")
}

// prepare carries out a line of a hidden comment: what happens besides.
func (w *walk) prepare(line string) {
	w.t.Helper()
	switch word := words(line); {
	case word[0] == "ldap" && word[1] == "set":
		w.admin.Modify(word[2], word[3], word[4:]...)
	case word[0] == "ldap" && word[1] == "delete":
		w.admin.Delete(word[2])
	case word[0] == "ldap" && word[1] == "add":
		w.hire(word[2], word[3:])
	case word[0] == "relay":
		w.post(word[1:]...)
	case word[0] == "xivo":
		w.confd(word[1], word[2], strings.Join(word[3:], ""))
	case word[0] == "shown":
		w.compare(word[1])
	case word[0] == "until":
		w.until(strings.TrimPrefix(line, "until "))
	default:
		w.carryOut(line)
	}
}

// hire adds an entry; each pair is an attribute, = and a value.
func (w *walk) hire(dn string, pairs []string) {
	w.t.Helper()
	p := ldaptest.Person{DN: dn, Attributes: map[string][]string{}}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		p.Attributes[name] = append(p.Attributes[name], value)
	}
	w.admin.Add(p)
}

// askLocally asks a simulated confd as the machine itself, which needs no token.
func askLocally(sim *xivosim.Sim, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/1.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	sim.LocalConfd().ServeHTTP(answer, r)
	return answer
}

// unrunnable are the command lines that are only looked at, and why.
var unrunnable = []struct{ line, why string }{
	{"make test", "it would run this test"},
	{"make lint test", "it would run this test"},
	{"make bench", "it takes an hour"},
	{"dsacls", "a program of Windows; TestTheDelegation translates and tries each line"},
}

// carryOut runs one command line; one that lasts is stopped when it is ready.
func (w *walk) carryOut(line string) {
	w.t.Helper()
	for _, u := range unrunnable {
		if strings.HasPrefix(line, u.line) {
			if strings.HasPrefix(line, "make ") { // at least it is a target
				w.carryOut("(cd " + w.repository + " && make -n " + strings.TrimPrefix(remark.ReplaceAllString(line, ""), "make ") + ")")
			}
			return
		}
	}
	if ready := lasting(line); ready != "" {
		w.last(line, ready)
		return
	}
	out, code := w.shell(line, 20*time.Minute) // some of them build the program, on a machine that may be busy
	if want := exitCode(line); code != want {
		w.t.Fatalf("%s: exit code %s, want %s\n%s", line, code, want, out)
	}
	w.printed += out
}

// shell runs a line where the reader stands, and follows them.
func (w *walk) shell(line string, limit time.Duration) (out, code string) {
	w.t.Helper()
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	place := filepath.Join(w.scratch, "place")
	cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", line+"\ncode=$?; pwd >"+place+"; exit $code")
	cmd.Dir, cmd.Env, cmd.WaitDelay = w.dir, w.env, time.Second
	text, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		w.t.Fatalf("%s does not end\n%s", line, text)
	}
	if cmd.ProcessState == nil {
		w.t.Fatalf("%s: %v", line, err)
	}
	if to, err := os.ReadFile(place); err == nil {
		w.dir = strings.TrimSpace(string(to))
	}
	w.t.Logf("$ %s\n%s", line, text)
	return string(text), strings.TrimPrefix(cmd.ProcessState.String(), "exit status ")
}

// lasting tells what a command says when it is ready, that ends only when it is
// stopped; "" for all others.
func lasting(line string) string {
	args := ours(line)
	switch {
	case slices.Contains(args, "serve"):
		return "serving"
	case slices.Contains(args, "simulate"):
		return `"auth_url"`
	}
	return ""
}

// last starts such a command, waits until it is ready, and stops it.
func (w *walk) last(line, ready string) {
	w.t.Helper()
	said := &lockedBuffer{}
	cmd := exec.Command("bash", "-c", "exec "+line)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.dir, w.env, said, said
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(time.Minute)
	for !bytes.Contains([]byte(said.String()), []byte(ready)) {
		select {
		case err := <-ended:
			w.t.Fatalf("%s ended: %v\n%s", line, err, said)
		case <-deadline:
			_ = cmd.Process.Kill()
			w.t.Fatalf("%s is not ready\n%s", line, said)
		case <-time.After(10 * time.Millisecond):
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			w.t.Fatalf("%s: %v\n%s", line, err, said)
		}
	case <-deadline:
		_ = cmd.Process.Kill()
		w.t.Fatalf("%s does not stop\n%s", line, said)
	}
	w.printed += said.String()
}

// until runs a command until it succeeds.
func (w *walk) until(line string) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, code := w.shell(line, 0)
		if code == "0" {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: exit code %s for a minute\n%s", line, code, out)
		}
	}
}

// compare wants each line that the page shows among those that were printed, in
// that order. … stands for anything within a line, alone for any lines.
func (w *walk) compare(shown string) {
	w.t.Helper()
	rest := strings.Split(w.printed, "\n")
	for line := range strings.Lines(shown) {
		line = strings.TrimSpace(line)
		if line == "" || line == "…" {
			continue
		}
		want := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + "$")
		at := slices.IndexFunc(rest, func(got string) bool { return want.MatchString(strings.TrimSpace(got)) })
		if at < 0 {
			w.t.Errorf("the page shows %q, but printed was\n%s", line, w.printed)
			return
		}
		rest = rest[at+1:]
	}
}
