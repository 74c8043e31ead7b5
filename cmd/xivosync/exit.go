package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/serve"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// The exit codes: there are no others.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitGuarded = 3
	exitPartial = 4
	exitBusy    = 5
	exitFound   = 10
)

// exitMeanings says what each code means, for the help of the commands.
var exitMeanings = map[int]string{
	exitDone:    "done; open conflicts alone do not change it",
	exitFailed:  "failed: a side could not be reached, a file could not be read or written, or a signal came",
	exitUsage:   "the command line or the configuration is wrong",
	exitGuarded: "a guard stopped the run, or a part of it",
	exitPartial: "finished, but something was refused, failed, skipped or left",
	exitBusy:    "another process holds the store",
	exitFound:   "there is something, with --exit-code",
}

// exitStatus is the section of a command's help that lists its exit codes.
func exitStatus(codes ...int) string {
	var b strings.Builder
	b.WriteString("\n\nEXIT STATUS\n")
	for _, code := range append([]int{exitDone}, codes...) {
		fmt.Fprintf(&b, "  %2d  %s\n", code, exitMeanings[code])
	}
	return strings.TrimRight(b.String(), "\n")
}

// usageError is a command line that is wrong.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// exit ends the program with a code after everything has been said.
type exit int

func (e exit) Error() string { return exitMeanings[int(e)] }

// also adds a second error to the first. One that has been said already gives
// way, so that the other is said, too.
func also(err, second error) error {
	var said exit
	if second != nil && errors.As(err, &said) {
		return second
	}
	return errors.Join(err, second)
}

// conclude prints what went wrong and what to do about it, and returns the exit
// code.
func (p *program) conclude(err error) int {
	code, hint := classify(err)
	var said exit
	if err == nil || errors.As(err, &said) {
		return code
	}
	fmt.Fprintf(p.err, "xivosync: %s\n", lines(err.Error()))
	if hint != "" {
		fmt.Fprintf(p.err, "%s\n", hint)
	}
	return code
}

// classify maps an error to its exit code, and to what to do where the error
// does not say so itself.
func classify(err error) (code int, hint string) {
	var (
		said  exit
		usage *usageError
		wrong config.Errors
		busy  *store.Busy
		side  *record.Error
		path  *fs.PathError
		// stopped is a signal with more words.
		stopped serve.Stopped
	)
	switch {
	case err == nil:
		return exitDone, ""
	case errors.As(err, &said):
		return int(said), ""
	case errors.As(err, &wrong):
		return exitUsage, ""
	case errors.As(err, &usage):
		return exitUsage, `"xivosync --help" lists the commands, "xivosync COMMAND --help" what each takes.`
	case errors.As(err, &busy):
		return exitBusy, ""
	case errors.As(err, &stopped):
		return exitFailed, "What is open is looked after by the next run."
	case errors.Is(err, context.Canceled):
		return exitFailed, "Stopped by a signal. What is open is looked after by the next run."
	case errors.Is(err, reconcile.ErrNobody):
		return exitUsage, "Check the spelling. Take the identifier, a DN, an e-mail, the GUID or the user's uuid."
	case errors.Is(err, reconcile.ErrOtherPlan):
		return exitUsage, `"xivosync plan -o FILE" makes one, "xivosync rollback RUN -o FILE" one of a rollback.`
	case errors.Is(err, config.ErrUnreadable):
		return exitUsage, "Name the file with -c, or begin with a copy of xivosync.example.toml."
	case errors.As(err, &side):
		return exitFailed, `"xivosync check" looks at both sides step by step.`
	case errors.As(err, &path) && errors.Is(err, fs.ErrPermission):
		return exitFailed, "Run it as the user whom the file belongs to."
	}
	return exitFailed, ""
}
