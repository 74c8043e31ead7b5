package xivo

import "encoding/json"

// kind is what a JSON value is.
type kind byte

const (
	kindNull kind = iota
	kindText
	kindNumber
	kindTrue
	kindFalse
)

// scalar takes a value that is neither object nor array, and appends its text
// to dst.
func (s *scanner) scalar(dst []byte) ([]byte, kind, error) {
	b, err := s.peek()
	if err != nil {
		return dst, kindNull, err
	}
	if b == '"' {
		dst, err = s.text(dst, true)
		return dst, kindText, err
	}
	start := len(dst)
	if dst, err = s.bare(dst); err != nil {
		return dst, kindNull, err
	}
	switch word := string(dst[start:]); word {
	case "null":
		return dst[:start], kindNull, nil
	case "true":
		return dst, kindTrue, nil
	case "false":
		return dst, kindFalse, nil
	default:
		if !json.Valid(dst[start:]) {
			return dst, kindNull, s.wrong(b)
		}
		return dst, kindNumber, nil
	}
}

// bare takes the letters, digits and signs of a number or a word.
func (s *scanner) bare(dst []byte) ([]byte, error) {
	for start := len(dst); ; {
		if s.at == s.end {
			if err := s.fill(); err != nil {
				return dst, err
			}
		}
		b := s.buf[s.at]
		if !('0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z' || b == '-' || b == '+' || b == '.') || len(dst)-start > 64 {
			return dst, nil
		}
		dst = append(dst, b)
		s.at++
	}
}

// skip takes any value and keeps nothing of it.
func (s *scanner) skip() error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	switch b {
	case '{':
		return s.object(func([]byte) error { return s.skip() })
	case '[':
		return s.array(s.skip)
	case '"':
		_, err = s.text(nil, false)
		return err
	}
	var word [80]byte
	_, _, err = s.scalar(word[:0])
	return err
}
