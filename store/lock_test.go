package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// helperEnv names what a copy of the test binary shall do instead of testing.
const helperEnv = "XIVOSYNC_STORE_TEST"

func TestMain(m *testing.M) {
	if verb, path, ok := strings.Cut(os.Getenv(helperEnv), " "); ok {
		helpers[verb](path)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// helpers are what another process does.
var helpers = map[string]func(path string){"hold": hold, "fill": fillDisk, "write": writeForever}

// startHelper starts another process, and returns its output.
func startHelper(t *testing.T, verb, path string) (*exec.Cmd, io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(must[string](t)(os.Executable()), "-marked")
	cmd.Env = append(os.Environ(), helperEnv+"="+verb+" "+path)
	cmd.Stderr = os.Stderr
	in := must[io.WriteCloser](t)(cmd.StdinPipe())
	out := must[io.ReadCloser](t)(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, in, bufio.NewScanner(out)
}

// hold keeps a store open until its input ends.
func hold(path string) {
	db, err := Open(path, Options{})
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString("open\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := db.Close(); err != nil {
		panic(err)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	path := newPath(t)
	cmd, in, out := startHelper(t, "hold", path)
	if !out.Scan() {
		t.Fatal("the other process did not open the store")
	}
	for name, open := range map[string]func(string, Options) (*DB, error){"write": Open, "read": OpenReadOnly} {
		_, err := open(path, Options{Timeout: time.Millisecond})
		var busy *Busy
		if !errors.As(err, &busy) || busy.Holder == nil || busy.Holder.PID != cmd.Process.Pid || !strings.Contains(err.Error(), "-marked") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	openTest(t, path, Options{})
}

func TestReadersKeepWritersOut(t *testing.T) {
	path := newPath(t)
	if err := openTest(t, path, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	first := must[*DB](t)(OpenReadOnly(path, Options{}))
	second := must[*DB](t)(OpenReadOnly(path, Options{}))
	leftBehind(t, path)
	_, err := Open(path, Options{Timeout: time.Millisecond})
	var busy *Busy
	if !errors.As(err, &busy) || busy.Holder != nil || !strings.Contains(err.Error(), "reads or copies") {
		t.Fatalf("opening says %v", err)
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
	openTest(t, path, Options{})
}

// leftBehind writes the holder file of a process that has ended.
func leftBehind(t *testing.T, path string) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	text := must[[]byte](t)(json.Marshal(Holder{PID: cmd.Process.Pid, Host: must[string](t)(os.Hostname()), Program: "dead"}))
	if err := os.WriteFile(holderFile(path), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnly(t *testing.T) {
	path := newPath(t)
	if _, err := OpenReadOnly(path, Options{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no store yet") {
		t.Fatalf("without a store: %v", err)
	}
	withSecrets(t, path, Options{})
	db := must[*DB](t)(OpenReadOnly(path, Options{}))
	defer db.Close()
	if got := len(collect(t, db.Changes(1))); got != 1 || db.KeyError() != nil {
		t.Fatalf("%d changes, key: %v", got, db.KeyError())
	}
	checkStore(t, db)
	if err := db.Forget([]uint64{1}); err == nil {
		t.Fatal("could write")
	}
}
