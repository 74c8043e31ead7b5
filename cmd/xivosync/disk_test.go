package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// condition knows [mounts]: whether this process may mount a file system.
func condition(name string) (bool, error) {
	if name != "mounts" {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	dir, err := os.MkdirTemp("", "mounts")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.Remove(dir) }()
	if err := mount(dir, 16); err != nil {
		return false, nil
	}
	return true, syscall.Unmount(dir, 0)
}

// mount puts an empty file system of so many KiB there.
func mount(dir string, size int) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=700", size))
}

// disk DIR KIB: makes the folder a file system of its own, of that size.
func disk(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.Mkdir(dir, 0o700))
	ts.Check(mount(dir, size))
	ts.Defer(func() { ts.Check(syscall.Unmount(dir, 0)) })
}

// fill DIR KIB: leaves that much room on the disk there.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	left, err := strconv.Atoi(args[1])
	ts.Check(err)
	filler := filepath.Join(ts.MkAbs(args[0]), "filler")
	if err := os.Remove(filler); !errors.Is(err, os.ErrNotExist) {
		ts.Check(err)
	}
	var fs syscall.Statfs_t
	ts.Check(syscall.Statfs(ts.MkAbs(args[0]), &fs))
	if n := int64(fs.Bavail)*fs.Bsize - int64(left)<<10; n > 0 {
		ts.Check(os.WriteFile(filler, make([]byte, n), 0o600))
	}
}
