package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"xivosync/reconcile/record"
)

// linkSchema is the first byte of a link row.
const linkSchema = 1

// The flags of a link row, its second byte.
const (
	flagAttention = 1 << iota
	flagStale
	flagDeactivated
	flagAbsent // the time of absence follows at the end
	flagHalfway
	flagLeft  // the time of the deactivation follows the three texts
	flagRuled // then what a rule set about the removal
	flagWelcome
)

// errLinkRow is returned when a link row ends too early or too late.
var errLinkRow = errors.New("link row is damaged")

// packLink writes a link without its number: checksum, schema, flags, the three
// digests, Missed as a varint, the three texts with their lengths, and whatever
// the flags say there is besides. Every run reads all rows, so they are short and
// take few allocations.
func packLink(l record.Link) ([]byte, error) {
	b := make([]byte, 0, 64+len(l.Entry)+len(l.User)+len(l.Identifier)+16)
	b = append(b, linkSchema, linkFlags(l))
	b = append(b, l.Entered[:]...)
	b = append(b, l.Surveyed[:]...)
	b = append(b, l.Detailed[:]...)
	b = binary.AppendVarint(b, int64(l.Missed))
	for _, s := range []string{l.Entry, l.User, l.Identifier} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	if !l.Left.IsZero() {
		left, err := l.Left.MarshalBinary()
		if err != nil {
			return nil, err
		}
		b = append(binary.AppendUvarint(b, uint64(len(left))), left...)
	}
	if l.Removal != "" {
		b = append(binary.AppendUvarint(b, uint64(len(l.Removal))), l.Removal...)
	}
	if !l.Absent.IsZero() {
		var err error
		if b, err = l.Absent.AppendBinary(b); err != nil {
			return nil, err
		}
	}
	return withSum(numberKey(l.Number), b), nil
}

// linkFlags packs the yes-or-no fields.
func linkFlags(l record.Link) (flags byte) {
	if l.Attention {
		flags |= flagAttention
	}
	if l.Stale {
		flags |= flagStale
	}
	if l.Deactivated {
		flags |= flagDeactivated
	}
	if !l.Absent.IsZero() {
		flags |= flagAbsent
	}
	if l.Halfway {
		flags |= flagHalfway
	}
	if !l.Left.IsZero() {
		flags |= flagLeft
	}
	if l.Removal != "" {
		flags |= flagRuled
	}
	if l.Welcome {
		flags |= flagWelcome
	}
	return flags
}

// unpackLink reads what packLink wrote.
func unpackLink(number uint64, b []byte) (record.Link, error) {
	b, err := withoutSum(numberKey(number), b)
	if err != nil {
		return record.Link{}, fmt.Errorf("link %d: %w", number, err)
	}
	r := linkReader{rest: string(b)}
	if schema := r.byte(); schema != linkSchema {
		return record.Link{}, fmt.Errorf("link %d: schema %d is not known: %w", number, schema, errLinkRow)
	}
	flags := r.byte()
	l := record.Link{
		Number:      number,
		Attention:   flags&flagAttention != 0,
		Stale:       flags&flagStale != 0,
		Deactivated: flags&flagDeactivated != 0,
		Halfway:     flags&flagHalfway != 0,
		Welcome:     flags&flagWelcome != 0,
	}
	for _, d := range []*record.Digest{&l.Entered, &l.Surveyed, &l.Detailed} {
		copy(d[:], r.take(len(d)))
	}
	l.Missed = int(r.varint())
	for _, s := range []*string{&l.Entry, &l.User, &l.Identifier} {
		*s = r.text()
	}
	if flags&flagLeft != 0 {
		l.Left = r.time(r.text())
	}
	if flags&flagRuled != 0 {
		l.Removal = r.text()
	}
	if flags&flagAbsent != 0 {
		l.Absent = r.time(r.take(len(r.rest)))
	}
	if r.bad || r.rest != "" {
		return record.Link{}, fmt.Errorf("link %d: %w", number, errLinkRow)
	}
	return l, nil
}

// linkReader takes a row apart; the texts share its one copy.
type linkReader struct {
	rest string
	bad  bool
}

// take cuts off n bytes.
func (r *linkReader) take(n int) string {
	if r.bad || n < 0 || n > len(r.rest) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *linkReader) byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *linkReader) varint() int64 {
	n, size := binary.Varint(head(r.rest))
	if size <= 0 {
		r.bad = true
	}
	r.take(size)
	return n
}

func (r *linkReader) text() string {
	n, size := binary.Uvarint(head(r.rest))
	if size <= 0 || n > uint64(len(r.rest)) {
		r.bad = true
	}
	r.take(size)
	return r.take(int(n))
}

// time reads a time that was cut off.
func (r *linkReader) time(packed string) (t time.Time) {
	if err := t.UnmarshalBinary([]byte(packed)); err != nil {
		r.bad = true
	}
	return t
}

// head returns the bytes that a varint can have, without a copy on the heap.
func head(s string) []byte {
	return []byte(s[:min(len(s), binary.MaxVarintLen64)])
}
