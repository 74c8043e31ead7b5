package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// longestPath is how long the path of a socket may be for the system.
const longestPath = 107

// Listen opens the control socket, for its owner only. A socket that a crash left
// there is replaced, but neither one at which somebody answers nor anything else.
func Listen(path string) (net.Listener, error) {
	if err := makeWay(path); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	at, done, err := reachable(path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	// Until then somebody else may connect, and is turned away for his user id.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("control socket: %w", errors.Join(err, l.Close()))
	}
	return &socket{l, path}, nil
}

// makeWay removes a socket at which nobody answers.
func makeWay(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something else of that name; give [serve] another socket")
	}
	switch conn, err := Dial(path); {
	case err == nil:
		_ = conn.Close()
		return errors.New("another service answers there; give each a [serve] socket of its own")
	case !errors.Is(err, syscall.ECONNREFUSED): // only then nobody listens
		return fmt.Errorf("another service may be there, too busy to answer; give each a [serve] socket of its own, or remove this one: %w", err)
	}
	return os.Remove(path)
}

// socket is a listener that takes its file away in the end.
type socket struct {
	*net.UnixListener
	path string
}

func (s *socket) Close() error {
	err := s.UnixListener.Close()
	if e := os.Remove(s.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// Dial connects to the control socket. The error wraps [fs.ErrNotExist] or
// [syscall.ECONNREFUSED] where nobody serves.
func Dial(path string) (net.Conn, error) {
	at, done, err := reachable(path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer done()
	conn, err := net.Dial("unix", at)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return conn, nil
}

// reachable returns a name of the path that is short enough for the system.
func reachable(path string) (name string, done func(), err error) {
	if len(path) <= longestPath {
		return path, func() {}, nil
	}
	const onlyToName = 0x200000 // O_PATH
	dir, err := os.OpenFile(filepath.Dir(path), onlyToName|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, err
	}
	name = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	return name, func() { _ = dir.Close() }, nil
}

// peer returns the user at the other end.
func peer(conn net.Conn) (uid int, err error) {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *syscall.Ucred
	if e := raw.Control(func(fd uintptr) {
		cred, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); e != nil {
		return 0, e
	}
	if err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
