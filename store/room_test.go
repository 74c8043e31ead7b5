package store

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// apart carries a test out in a process of its own, which may be left without room:
// that of the tests writes a log. It tells whether this is that process.
func apart(t *testing.T) bool {
	t.Helper()
	const mark = "XIVOSYNC_STORE_APART"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.Command(must[string](t)(os.Executable()), "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	out, err := cmd.CombinedOutput()
	if text := string(out); err != nil || !strings.Contains(text, "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, text)
	}
	return false
}

// noRoom does something while no file can be written beyond a size: zero lets
// nothing be written at all.
func noRoom(t *testing.T, size uint64, do func() error) error {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // which says what the failing write says
	var limit syscall.Rlimit
	ok(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	full := limit
	full.Cur = size
	ok(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full))
	defer func() { ok(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)) }()
	return do()
}

// tellsOfRoom fails unless an error says what is full, and what to do.
func tellsOfRoom(t *testing.T, err error, path string) {
	t.Helper()
	if err == nil || !isFull(err) || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), makeRoom) != 1 {
		t.Errorf("without room: %v", err)
	}
}
