package xivo

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// text takes a string and appends what it says to dst, or nothing unless keep.
func (s *scanner) text(dst []byte, keep bool) ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return dst, err
	}
	start := len(dst)
	for {
		if s.at == s.end {
			if err := s.fill(); err != nil {
				return dst, err
			}
		}
		run := plain(s.buf[s.at:s.end])
		if keep {
			dst = append(dst, s.buf[s.at:s.at+run]...)
		}
		if s.at += run; s.at == s.end {
			continue
		}
		switch b := s.buf[s.at]; b {
		case '"':
			s.at++
			if !utf8.Valid(dst[start:]) {
				return dst, errUTF8
			}
			return dst, nil
		case '\\':
			s.at++
			r, err := s.escape()
			if err != nil {
				return dst, err
			}
			if keep {
				dst = utf8.AppendRune(dst, r)
			}
		default:
			return dst, s.wrong(b)
		}
	}
}

// plain counts the bytes before a quote, a backslash or a control character.
func plain(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return len(b)
}

// take returns the next byte, whatever it is.
func (s *scanner) take() (byte, error) {
	if s.at == s.end {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	b := s.buf[s.at]
	s.at++
	return b, nil
}

// escapes are the characters that stand behind a backslash for others.
var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, error) {
	b, err := s.take()
	if err != nil {
		return 0, err
	}
	if b != 'u' {
		r, ok := escapes[b]
		if !ok {
			return 0, s.wrong(b)
		}
		return r, nil
	}
	r, err := s.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	return s.pair(r)
}

// pair reads the second half of a surrogate pair, if that is what follows.
func (s *scanner) pair(first rune) (rune, error) {
	for _, want := range []byte(`\u`) {
		b, err := s.take()
		if err != nil {
			return 0, err
		}
		if b != want {
			return 0, fmt.Errorf("half a character at byte %d", s.seen+int64(s.at))
		}
	}
	second, err := s.hex()
	if err != nil {
		return 0, err
	}
	r := utf16.DecodeRune(first, second)
	if r == utf8.RuneError {
		return 0, fmt.Errorf("half a character at byte %d", s.seen+int64(s.at))
	}
	return r, nil
}

// hex reads four hexadecimal digits.
func (s *scanner) hex() (rune, error) {
	var r rune
	for range 4 {
		b, err := s.take()
		if err != nil {
			return 0, err
		}
		n := bytes.IndexByte([]byte("0123456789abcdef"), b|0x20)
		if n < 0 || b < '0' {
			return 0, s.wrong(b)
		}
		r = r<<4 | rune(n)
	}
	return r, nil
}
