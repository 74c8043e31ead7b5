package xivo

import (
	"errors"
	"fmt"
	"io"
)

// scanner reads JSON as it comes. It is there for the survey's answers, which
// are a hundred megabytes at a hundred thousand people: what no field maps is
// skipped where it stands, secrets among it, and nothing is copied twice.
// encoding/json takes five times as long and makes two objects a cell.
type scanner struct {
	src     io.Reader
	buf     []byte
	at, end int
	// seen counts the bytes before buf[0], for errors and for the limit.
	seen int64
	// depth counts the brackets that are open.
	depth int
}

// maxDepth bounds how deep values may be nested that are skipped.
const maxDepth = 64

var (
	errUTF8  = errors.New("text that is not UTF-8")
	errLong  = fmt.Errorf("the answer is longer than %d bytes", int64(streamLimit))
	errDepth = errors.New("values are nested too deep")
)

func newScanner(src io.Reader) *scanner {
	return &scanner{src: src, buf: make([]byte, 64<<10)}
}

// fill reads on. An answer that ends here is cut off: nothing asks for more
// bytes than a whole one has, but finish.
func (s *scanner) fill() error {
	s.seen += int64(s.end)
	s.at, s.end = 0, 0
	if s.seen > streamLimit {
		return errLong
	}
	for range 100 {
		n, err := s.src.Read(s.buf)
		if n > 0 {
			s.end = n
			return nil
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// peek returns the next byte that is no space, without taking it.
func (s *scanner) peek() (byte, error) {
	for {
		for s.at < s.end {
			switch b := s.buf[s.at]; b {
			case ' ', '\t', '\n', '\r':
				s.at++
			default:
				return b, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// expect takes the one byte that has to come.
func (s *scanner) expect(want byte) error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	if b != want {
		return s.wrong(b)
	}
	s.at++
	return nil
}

func (s *scanner) wrong(b byte) error {
	return fmt.Errorf("the answer is not what confd answers: %q at byte %d", b, s.seen+int64(s.at))
}

// finish wants nothing but spaces up to the end.
func (s *scanner) finish() error {
	b, err := s.peek()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.wrong(b)
}

// object calls member for each key, whose bytes hold until it returns; member
// has to take the value.
func (s *scanner) object(member func(key []byte) error) error {
	var name [48]byte
	return s.items('{', '}', func() error {
		key, err := s.text(name[:0], true)
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array calls item before each element, which it has to take.
func (s *scanner) array(item func() error) error { return s.items('[', ']', item) }

// items reads what stands between two brackets with commas.
func (s *scanner) items(open, end byte, item func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return errDepth
	}
	defer func() { s.depth-- }()
	for first := true; ; first = false {
		b, err := s.peek()
		if err != nil {
			return err
		}
		if b == end {
			s.at++
			return nil
		}
		if !first {
			if err := s.expect(','); err != nil {
				return err
			}
		}
		if err := item(); err != nil {
			return err
		}
	}
}
