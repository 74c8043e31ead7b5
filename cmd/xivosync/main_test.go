package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"xivosync": clocked})
}

// TestScripts runs the real main as a process of its own, against a directory
// and a XiVO in memory.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup:               setUp,
		Cmds:                scriptCommands(),
		Condition:           condition,
	})
}

// scriptCommands are what scripts can do besides those of testscript.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":    exits,
		"sides":    sides,
		"ldap":     editDirectory,
		"xivo":     editXiVO,
		"simulate": simulate,
		"stop":     stop,
		"hold":     hold,
		"keeps":    keeps,
		"strike":   strike,
		"disk":     disk,
		"fill":     fill,
	}
}
