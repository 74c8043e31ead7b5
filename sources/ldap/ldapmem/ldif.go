package ldapmem

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// loaded is one record of an LDIF file.
type loaded struct {
	line       int
	dn         string
	attributes []attribute
}

// maxLine is how long one line of a file may be: photos are exported on one.
const maxLine = 16 << 20

// parseLDIF reads content records (RFC 2849). Errors tell the line.
func parseLDIF(r io.Reader) ([]loaded, error) {
	p := ldif{in: bufio.NewScanner(r)}
	p.in.Buffer(make([]byte, 64<<10), maxLine)
	var all []loaded
	for {
		rec, err := p.record()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, rec)
	}
}

// ldif reads logical lines: folded ones joined, comments left out.
type ldif struct {
	in      *bufio.Scanner
	number  int // of the line read last
	pending *string
	at      int // number of pending
}

// next returns the next logical line with the number of its first; an empty one
// ends a record.
func (p *ldif) next() (string, int, error) {
	line, at, err := p.physical()
	for err == nil && strings.HasPrefix(line, "#") {
		if _, _, err = p.unfold(line, at); err == nil {
			line, at, err = p.physical()
		}
	}
	if err != nil {
		return "", p.number, err
	}
	return p.unfold(line, at)
}

func (p *ldif) unfold(line string, at int) (string, int, error) {
	if line == "" {
		return "", at, nil
	}
	var whole strings.Builder
	whole.WriteString(line)
	for {
		more, n, err := p.physical()
		if errors.Is(err, io.EOF) {
			return whole.String(), at, nil
		}
		if err != nil {
			return "", n, err
		}
		if !strings.HasPrefix(more, " ") {
			p.pending, p.at = &more, n
			return whole.String(), at, nil
		}
		whole.WriteString(more[1:])
	}
}

func (p *ldif) physical() (string, int, error) {
	if p.pending != nil {
		line := *p.pending
		p.pending = nil
		return line, p.at, nil
	}
	if !p.in.Scan() {
		if err := p.in.Err(); err != nil {
			return "", p.number, fmt.Errorf("line %d: %w", p.number+1, err)
		}
		return "", p.number, io.EOF
	}
	p.number++
	line := strings.TrimSuffix(p.in.Text(), "\r")
	if p.number == 1 {
		line = strings.TrimPrefix(line, "\ufeff")
	}
	return line, p.number, nil
}

// record reads the lines up to the next empty one.
func (p *ldif) record() (loaded, error) {
	var rec loaded
	for {
		line, at, err := p.next()
		end := errors.Is(err, io.EOF)
		switch {
		case end && rec.line == 0:
			return rec, io.EOF
		case end || err == nil && line == "" && rec.line > 0:
			return rec, nil
		case err != nil:
			return rec, err
		case line == "":
			continue
		}
		if err := rec.add(line, at); err != nil {
			return rec, fmt.Errorf("line %d: %w", at, err)
		}
	}
}

func (rec *loaded) add(line string, at int) error {
	name, value, err := splitLine(line)
	if err != nil {
		return err
	}
	lower := strings.ToLower(name)
	switch {
	case rec.line == 0 && lower == "version":
		return nil
	case rec.line == 0 && lower != "dn":
		return fmt.Errorf("an entry begins with %q instead of dn", name)
	case rec.line == 0:
		rec.line, rec.dn = at, value
		return nil
	case lower == "dn":
		return errors.New("a second dn: an empty line is missing before it")
	case lower == "changetype":
		if strings.EqualFold(value, "add") {
			return nil
		}
		return fmt.Errorf("a change record (changetype: %s): load an export of entries", value)
	case lower == "control":
		return errors.New("a change record (control): load an export of entries")
	}
	if value != "" { // an attribute without a value is one that is not there
		rec.attributes = put(rec.attributes, name, value)
	}
	return nil
}

func splitLine(line string) (name, value string, err error) {
	name, rest, found := strings.Cut(line, ":")
	if !found || name == "" {
		return "", "", fmt.Errorf("%q is not NAME: VALUE", clip(line))
	}
	if strings.HasPrefix(rest, "<") {
		return "", "", fmt.Errorf("%s: values in other files are not loaded", name)
	}
	if encoded, ok := strings.CutPrefix(rest, ":"); ok {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil {
			return "", "", fmt.Errorf("%s: %w", name, err)
		}
		return name, string(raw), nil
	}
	return name, strings.TrimLeft(rest, " "), nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
