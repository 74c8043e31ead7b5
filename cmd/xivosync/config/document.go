package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// document is a TOML text with the line of each of its keys.
type document struct {
	name  string
	tree  map[string]any
	lines map[string]int
}

// newDocument parses a text. A text that is not TOML cannot be checked any
// further: its one error is returned.
func newDocument(name string, text []byte) (*document, error) {
	doc := &document{name: name}
	if _, err := toml.Decode(string(text), &doc.tree); err != nil {
		return nil, Errors{doc.syntax(string(text), err)}
	}
	doc.lines = findLines(string(text))
	return doc, nil
}

// syntax translates the library's error. Its message quotes the text around the
// error, so it is left out where that could be a password.
func (d *document) syntax(text string, err error) Error {
	e := Error{File: d.name, Line: 1, Message: err.Error()}
	var parse toml.ParseError
	if errors.As(err, &parse) {
		e.Line, e.Message = max(parse.Position.Line, 1), parse.Message
	}
	e.Hint = "the rest is checked once this is right"
	lines := strings.Split(text, "\n")
	if e.Line > len(lines) || secretLine.MatchString(lines[e.Line-1]) {
		e.Message = "no valid TOML (not shown, since it may be a secret)"
		e.Hint = `write a reference in quotes: "file:PATH", "env:NAME" or "cred:NAME"`
	}
	return e
}

var secretLine = regexp.MustCompile(`(?i)(password|secret|passwd|key)`)

// line returns where a key stands: for a key that is not there, where its
// table begins, else the first line.
func (d *document) line(key string) int {
	for key != "" {
		if line, ok := d.lines[key]; ok {
			return line
		}
		key = parent(key)
	}
	return 1
}

// given tells whether the file has the key.
func (d *document) given(key string) bool {
	_, ok := d.lines[key]
	return ok
}

// parent cuts the last part of a path: an index, or a key with its dot.
func parent(path string) string {
	quoted := false
	for i := len(path) - 1; i >= 0; i-- {
		switch c := path[i]; {
		case c == '"' && (i == 0 || path[i-1] != '\\'):
			quoted = !quoted
		case !quoted && (c == '.' || c == '['):
			return path[:i]
		}
	}
	return ""
}

// index appends the number of a list element to a path.
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// matching returns the paths of the file that a key names, in order, where NAME
// stands for any name and [] for any element of a list.
func (d *document) matching(key string) []string {
	pattern := strings.NewReplacer("NAME", `("([^"\\]|\\.)*"|[A-Za-z0-9_-]+)`, `\[\]`, `\[\d+\]`).Replace(regexp.QuoteMeta(key))
	whole := regexp.MustCompile("^" + pattern + "$")
	var found []string
	for path := range d.lines {
		if whole.MatchString(path) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// value returns what a path of keys is set to, if that is no table or list.
func (d *document) value(path string) (v any, isValue bool) {
	switch v := d.at(path).(type) {
	case nil, map[string]any, []any, []map[string]any:
		return nil, false
	default:
		return v, true
	}
}

// at follows a path of bare keys through the tables.
func (d *document) at(path string) any {
	var here any = d.tree
	for key := range strings.SplitSeq(path, ".") {
		table, ok := here.(map[string]any)
		if !ok {
			return nil
		}
		here = table[key]
	}
	return here
}
