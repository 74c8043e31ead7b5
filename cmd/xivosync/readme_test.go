package main

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"xivosync/cmd/xivosync/config"
	"xivosync/targets/xivo"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeExample loads the configurations that the README shows.
func TestReadmeExample(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(blocks) != 3 {
		t.Fatalf("the README has %d blocks of toml", len(blocks))
	}
	text := ""
	for _, block := range blocks { // each adds to those before it
		text += block[1]
		cfg, err := config.Parse("README.md", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cfg.Settings(xivo.Fields()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadmeCommands finds every command that the README names.
func TestReadmeCommands(t *testing.T) {
	var known []string
	for _, c := range newProgram(os.Stdout, os.Stderr).root().Commands() {
		known = append(known, c.Name())
	}
	named := regexp.MustCompile(`xivosync (?:-c \S+ )?([a-z]+)`).FindAllStringSubmatch(readme(t), -1)
	if len(named) < 5 {
		t.Fatalf("the README names %d commands", len(named))
	}
	for _, m := range named {
		if name := m[1]; !slices.Contains(append(known, "keeps", "completion"), name) {
			t.Errorf("the README names the command %q, which is not there", name)
		}
	}
}
