package config

import (
	"strconv"
	"strings"
)

// findLines returns the line of every key of a TOML text, by its dotted path
// with the index of each list element: ldap.url, numbering.site[0].name,
// fields.email.transform[1].number. The TOML library parses a text and keeps
// its positions for itself, hence this scanner.
//
// The text is known to be valid TOML: the scanner only has to find its way
// through it. It always ends, on any text.
func findLines(text string) map[string]int {
	s := &scanner{text: strings.ReplaceAll(text, "\r\n", "\n"), line: 1, lines: map[string]int{}, tables: map[string]int{}}
	for s.blank(true); !s.end(); s.blank(true) {
		before := s.at
		if s.peek() == '[' {
			s.header()
		} else {
			s.pair(s.table)
		}
		if s.at == before {
			s.next() // no TOML; go on all the same
		}
	}
	return s.lines
}

type scanner struct {
	text  string
	at    int
	line  int
	lines map[string]int
	// table is the path that keys stand under, and tables counts the elements
	// of each list of tables.
	table  string
	tables map[string]int
}

func (s *scanner) end() bool { return s.at >= len(s.text) }

func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) next() byte {
	c := s.peek()
	if c == '\n' {
		s.line++
	}
	s.at++
	return c
}

// skip moves over a prefix if it is there.
func (s *scanner) skip(prefix string) bool {
	if s.end() || !strings.HasPrefix(s.text[s.at:], prefix) {
		return false
	}
	for range prefix {
		s.next()
	}
	return true
}

// blank moves over blanks, and over line ends and comments where they may be.
func (s *scanner) blank(lines bool) {
	for !s.end() {
		switch c := s.peek(); {
		case c == ' ' || c == '\t' || lines && c == '\n':
			s.next()
		case lines && c == '#':
			for !s.end() && s.peek() != '\n' {
				s.next()
			}
		default:
			return
		}
	}
}

// note remembers where a path first stands.
func (s *scanner) note(path string, line int) {
	if _, known := s.lines[path]; !known {
		s.lines[path] = line
	}
}

// header reads [table] or [[list of tables]].
func (s *scanner) header() {
	line := s.line
	s.skip("[")
	list := s.skip("[")
	keys := s.key()
	s.skip("]")
	if list {
		s.skip("]")
	}
	path := ""
	for i, key := range keys {
		path = join(path, key)
		s.note(path, line)
		last := i == len(keys)-1
		if list && last {
			s.tables[path]++
		}
		if n := s.tables[path]; n > 0 {
			path += "[" + strconv.Itoa(n-1) + "]"
			s.note(path, line)
		}
	}
	s.table = path
}

// pair reads key = value.
func (s *scanner) pair(table string) {
	line, path := s.line, table
	for _, key := range s.key() {
		path = join(path, key)
		s.note(path, line)
	}
	s.blank(false)
	if s.skip("=") {
		s.blank(false)
		s.value(path)
	}
}

// key reads a dotted key.
func (s *scanner) key() []string {
	var keys []string
	for {
		s.blank(false)
		keys = append(keys, s.word())
		s.blank(false)
		if !s.skip(".") {
			return keys
		}
	}
}

// word reads one part of a key.
func (s *scanner) word() string {
	if c := s.peek(); c == '"' || c == '\'' {
		return s.quoted()
	}
	from := s.at
	for !s.end() && !strings.ContainsRune(" \t\n.=]#[{},\"'", rune(s.peek())) {
		s.next()
	}
	return s.text[from:min(s.at, len(s.text))]
}

// quoted reads a text in quotes of any kind, and returns what it stands for.
func (s *scanner) quoted() string {
	quote := string(s.peek())
	long := s.skip(strings.Repeat(quote, 3))
	if long {
		quote = strings.Repeat(quote, 3)
	} else {
		s.next()
	}
	from := s.at
	for !s.end() && !strings.HasPrefix(s.text[s.at:], quote) {
		if s.next() == '\\' && quote[0] == '"' {
			s.next()
		}
	}
	to := min(s.at, len(s.text))
	s.skip(quote)
	for long && s.peek() == quote[0] { // """a"""" ends in a quote of its own
		s.next()
	}
	return unquote(s.text[from:to], quote)
}

// unquote resolves the escapes of a key in double quotes.
func unquote(text, quote string) string {
	if quote != `"` || !strings.Contains(text, `\`) {
		return text
	}
	if plain, err := strconv.Unquote(`"` + text + `"`); err == nil {
		return plain
	}
	return text
}

// value reads what a key is set to, and notes the keys inside it.
func (s *scanner) value(path string) {
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.next()
		for i := 0; s.more(']'); i++ {
			element := path + "[" + strconv.Itoa(i) + "]"
			s.note(element, s.line)
			s.inside(func() { s.value(element) })
		}
	case '{':
		s.next()
		for s.more('}') {
			s.inside(func() { s.pair(path) })
		}
	default:
		for !s.end() && !strings.ContainsRune(",]}#\n", rune(s.peek())) {
			s.next()
		}
	}
}

// more moves to the next element, or over the closing bracket.
func (s *scanner) more(closing byte) bool {
	s.blank(true)
	if s.end() {
		return false
	}
	if s.peek() == closing {
		s.next()
		return false
	}
	return true
}

// inside reads one element and the comma after it, and never stands still.
func (s *scanner) inside(read func()) {
	before := s.at
	read()
	s.blank(true)
	if !s.skip(",") && s.at == before {
		s.next()
	}
}

// join appends a key to a path; a key that is not bare is quoted, so that the
// path stays unambiguous.
func join(path, key string) string {
	if !bare(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func bare(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
