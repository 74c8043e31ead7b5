package serve

import (
	"runtime"
	"syscall"
	"testing"
)

// speakAs asks as another user, which one thread of this process becomes for
// good: it ends with the goroutine that it is locked to.
func speakAs(t *testing.T, uid uintptr, path string) string {
	t.Helper()
	answer := make(chan string, 1)
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		text, err := speak(uid, path)
		answer <- text
		failed <- err
	}()
	text := <-answer
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return text
}

func speak(uid uintptr, path string) (string, error) {
	const same = ^uintptr(0)
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, same, uid, same); e != 0 {
		return "", e
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer syscall.Close(fd)
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return "", err
	}
	if _, err := syscall.Write(fd, []byte("{\"args\":[\"run\"]}\n")); err != nil {
		return "", err
	}
	var text []byte
	for buffer := make([]byte, 4096); ; {
		n, err := syscall.Read(fd, buffer)
		if n <= 0 || err != nil {
			return string(text), nil // turned away, perhaps before all was read
		}
		text = append(text, buffer[:n]...)
	}
}
