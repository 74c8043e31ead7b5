//go:build mortal

package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"xivosync/store"
)

// The environment of a program that is built to be killed: a file that gets one
// byte for each transaction that the store is about to write, and the one before
// or after which the process dies, by its number and that word.
const (
	stepsVariable = "XIVOSYNC_STEPS"
	dieVariable   = "XIVOSYNC_DIE"
)

// mortal counts the transactions of the store, and has the process die at one of
// them. It is only in a program that is built with the tag mortal, for the crash
// tests in e2e: nothing else can tell a process to die just there.
func mortal(opts store.Options) store.Options {
	var mu sync.Mutex
	var nth, at int
	var when string
	_, _ = fmt.Sscanf(os.Getenv(dieVariable), "%s %d", &when, &at) // unset: never
	opts.Around = func(commit func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if nth++; nth == at && when == "before" {
			die()
		}
		longer(os.Getenv(stepsVariable))
		err := commit()
		if nth == at && when == "after" {
			die()
		}
		return err
	}
	return opts
}

// die ends the process as kill -9 does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// longer makes a file longer by one byte.
func longer(path string) {
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write([]byte{'.'})
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		panic(err)
	}
}
