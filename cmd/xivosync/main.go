// Command xivosync keeps an LDAP directory and a XiVO in step, both ways.
//
// This package is the roof of the program: it reads the configuration, joins
// the parts (wire.go), has one file for each command, and is the only one that
// prints, adds what to do about an error, and chooses the exit code (exit.go).
//
//	xivosync check
//	xivosync plan
//	xivosync run --allow first-run
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // [schedule] time_zone, on machines that have no zones
)

// gcPercent trades a little CPU for memory: a run over 100,000 people is to stay
// below 200 MB. GOGC in the environment outranks it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(newProgram(os.Stdout, os.Stderr).execute(ctx, os.Args[1:]))
}
