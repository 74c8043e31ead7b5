package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

func TestExitCodes(t *testing.T) {
	full := errors.New("no space left on device")
	for name, tc := range map[string]struct {
		err  error
		want int
		says string
	}{
		"nothing":               {nil, 0, ""},
		"said already":          {exit(exitGuarded), 3, ""},
		"found something":       {exit(exitFound), 10, ""},
		"said, but not written": {also(exit(exitGuarded), full), 1, "no space left"},
		"two that went wrong":   {also(full, errors.New("second")), 1, "second"},
		"usage":                 {usagef("want %d", 1), 2, "--help"},
		"configuration":         {config.Errors{{File: "f", Line: 3, Key: "k", Message: "m"}}, 2, "f:3: k: m"},
		"no configuration":      {fmt.Errorf("%w: %w", config.ErrUnreadable, fs.ErrNotExist), 2, "-c"},
		"another plan":          {fmt.Errorf("no: %w", reconcile.ErrOtherPlan), 2, "plan -o"},
		"a busy store":          {fmt.Errorf("open: %w", &store.Busy{Path: "state.db"}), 5, "state.db"},
		"a side":                {&record.Error{Side: record.XiVO, Message: "gone"}, 1, "xivosync check"},
		"a signal":              {fmt.Errorf("read: %w", context.Canceled), 1, "signal"},
		"a signal, at a side":   {&record.Error{Side: record.LDAP, Err: context.Canceled}, 1, "signal"},
		"no right":              {&fs.PathError{Op: "open", Path: "state.db", Err: fs.ErrPermission}, 1, "as the user"},
		"anything else":         {full, 1, "no space left"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, err bytes.Buffer
			p := newProgram(&out, &err)
			if got := p.conclude(tc.err); got != tc.want {
				t.Errorf("code %d, want %d", got, tc.want)
			}
			if said := err.String(); (said == "") != (tc.says == "") || !strings.Contains(said, tc.says) {
				t.Errorf("said %q, want %q in it", said, tc.says)
			}
		})
	}
}

func TestEveryExitCodeHasAMeaning(t *testing.T) {
	for _, code := range []int{exitDone, exitFailed, exitUsage, exitGuarded, exitPartial, exitBusy, exitFound} {
		if exitMeanings[code] == "" {
			t.Errorf("code %d has no meaning", code)
		}
	}
}

// failing is a writer of a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	var err bytes.Buffer
	p := newProgram(failing{}, &err)
	if code := p.execute(t.Context(), []string{"version"}); code != exitFailed {
		t.Errorf("code %d, want %d: %s", code, exitFailed, err.String())
	}
}
