package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong with a configuration file.
type Error struct {
	// File and Line say where; Line counts from 1.
	File string
	Line int
	// Key is the dotted path of the key; empty where the text is no TOML.
	Key string
	// Message says what was seen, Hint what to do; Hint may be empty.
	Message string
	Hint    string
}

// Error writes FILE:LINE: KEY: MESSAGE; HINT.
func (e Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Message)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors is everything that is wrong with a configuration file, in order of
// its lines.
type Errors []Error

// Error writes one error a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// hinted is an error that knows what to do about it.
type hinted struct{ message, hint string }

func (h *hinted) Error() string { return h.message }

// findings collects errors while a document is read and checked.
type findings struct {
	doc  *document
	list Errors
}

// add notes an error at a key. The hint is what to do, or "".
func (f *findings) add(key, hint, format string, args ...any) {
	f.list = append(f.list, Error{f.doc.name, f.doc.line(key), key, fmt.Sprintf(format, args...), hint})
}

// err notes an error with the hint that it carries.
func (f *findings) err(key string, err error) {
	var h *hinted
	if errors.As(err, &h) {
		f.add(key, h.hint, "%s", h.message)
		return
	}
	f.add(key, "", "%s", err)
}

// has tells whether a key, or one below it, was already found wrong: what
// builds on it is not checked then.
func (f *findings) has(key string) bool {
	return slices.ContainsFunc(f.list, func(e Error) bool { return within(e.Key, key) })
}

// within tells whether a key is the other or lies below it.
func within(key, parent string) bool {
	rest, ok := strings.CutPrefix(key, parent)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// result returns nil or all findings, sorted by line.
func (f *findings) result() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return f.list
}
