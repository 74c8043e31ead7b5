package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is a page of the documentation, cut into what the tests look at.
type page struct {
	name   string
	blocks []block
	// spans are the pieces of code within the text.
	spans []string
	// faults are what no page may have.
	faults []string
}

// block is a fenced block of some kind, or a comment for the tests.
type block struct{ kind, text string }

// The kinds of blocks. A fence names its kind; the comments <!-- test … --> and
// <!-- file PATH --> prepare what the reader has, or does with the next block.
const (
	commandBlock = "sh"     // run, line by line
	outputBlock  = "output" // compared with what the lines before printed
	drawingBlock = "text"   // a drawing, for the eyes only
	testComment  = "test"   // lines that are run, too, but not shown
	fileComment  = "file"   // where the next block is written; + PATH appends it
)

var kinds = []string{commandBlock, outputBlock, drawingBlock, "toml", "ldif", "acl"}

// pages reads README.md and docs/*.md.
func pages(t *testing.T) []page {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	var all []page
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, readPage(strings.TrimSuffix(filepath.Base(file), ".md"), string(text)))
	}
	return all
}

var (
	fence   = regexp.MustCompile("^( *)```(.*)$")
	comment = regexp.MustCompile(`^<!-- (test|file)\b *(.*)$`)
	span    = regexp.MustCompile("`([^`]+)`")
)

// readPage cuts a page into its blocks.
func readPage(name, text string) page {
	p := page{name: name}
	lines := strings.Split(text, "\n")
	prose := ""
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := fence.FindStringSubmatch(line); m != nil {
			var body []string
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
				body = append(body, strings.TrimPrefix(lines[i], m[1]))
			}
			p.add(i, m[2], strings.Join(body, "\n")+"\n")
			continue
		}
		if m := comment.FindStringSubmatch(line); m != nil {
			body := m[2]
			for !strings.HasSuffix(body, "-->") && i+1 < len(lines) {
				i++
				body += "\n" + lines[i]
			}
			p.blocks = append(p.blocks, block{m[1], strings.TrimSpace(strings.TrimSuffix(body, "-->"))})
			continue
		}
		if strings.HasPrefix(line, "    ") && strings.TrimSpace(lines[max(0, i-1)]) == "" {
			p.faults = append(p.faults, fmt.Sprintf("line %d: an indented block says not what it is: fence it", i+1))
		}
		prose += line + "\n"
	}
	for _, m := range span.FindAllStringSubmatch(prose, -1) {
		p.spans = append(p.spans, strings.ReplaceAll(m[1], "\n", " "))
	}
	return p
}

func (p *page) add(line int, kind, text string) {
	if !slices.Contains(kinds, kind) {
		p.faults = append(p.faults, fmt.Sprintf("the block before line %d is a %q, not one of %v", line+1, kind, kinds))
	}
	p.blocks = append(p.blocks, block{kind, text})
}

// commands are the lines of a block that are typed.
func (b block) commands() (lines []string) {
	if b.kind != commandBlock && b.kind != testComment {
		return nil
	}
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// has tells whether the page has a command to run.
func (p page) has() bool {
	return slices.ContainsFunc(p.blocks, func(b block) bool { return b.kind == commandBlock })
}

// says tells whether a command line of the page begins so.
func (p page) says(start string) bool {
	return slices.ContainsFunc(p.blocks, func(b block) bool {
		return slices.ContainsFunc(b.commands(), func(line string) bool { return strings.HasPrefix(line, start) })
	})
}

// own is the whole configuration that the page shows, or "".
func (p page) own() string {
	for _, b := range p.blocks {
		if b.kind == "toml" && strings.Contains(b.text, "[ldap]\n") {
			return b.text
		}
	}
	return ""
}

var remark = regexp.MustCompile(`\s+# .*$`)

// words cuts a command line as a shell does: blanks, and quotes of both kinds.
func words(line string) (list []string) {
	for _, m := range regexp.MustCompile(`(?:[^\s'"]+|'[^']*'|"[^"]*")+`).FindAllString(remark.ReplaceAllString(line, ""), -1) {
		list = append(list, regexp.MustCompile(`'([^']*)'|"([^"]*)"`).ReplaceAllString(m, "$1$2"))
	}
	return list
}

// exitCode is what the remark behind a command says, or 0.
func exitCode(line string) string {
	if m := regexp.MustCompile(`# .*exit code (\d+)`).FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return "0"
}
