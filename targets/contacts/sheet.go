package contacts

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
	"sort"
	"strings"
)

// Sheet is a finished contact sheet. It never changes, so any number of readers
// can use it. The rows lie one after the other in two long texts, since that is
// what makes a hundred thousand of them small and quick to search.
type Sheet struct {
	header []byte
	// lines are the rows as CSV, text their searched columns, folded.
	lines, text        []byte
	lineEnds, textEnds []uint32
	// numbers are sorted.
	numbers   []dialable
	canonical func(string) string
	seed      maphash.Seed
}

// dialable is a number of a row, by its hash.
type dialable struct {
	hash uint64
	row  uint32
}

// rowEnd stands between the rows of the searched text: folding leaves no line
// break in it.
const rowEnd = '\n'

// Len is how many people are in it.
func (s *Sheet) Len() int { return len(s.lineEnds) }

// Search returns, with the header line, the rows that hold every word of the text
// in their searched columns, case and accents aside: at most limit of them, all
// for a limit of zero. A text without a word finds nobody.
func (s *Sheet) Search(text string, limit int) []byte {
	words := strings.Fields(fold(clean(text)))
	out := slices.Clone(s.header)
	if len(words) == 0 {
		return out
	}
	found := 0
	for i := range s.rowsWith(s.rarest(words)) {
		if !s.holdsAll(i, words) {
			continue
		}
		out = append(out, s.line(i)...)
		if found++; found == limit {
			break
		}
	}
	return out
}

// rowsWith yields the rows whose searched text holds the word, once each.
func (s *Sheet) rowsWith(word string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; at < len(s.text); {
			hit := bytes.Index(s.text[at:], []byte(word))
			if hit < 0 {
				return
			}
			i := s.rowAt(at + hit)
			if !yield(i) {
				return
			}
			at = int(s.textEnds[i])
		}
	}
}

// The samples of the text in which words are counted.
const (
	samples    = 16
	sampleSize = 2048
)

// rarest is the word by which to look first: the one that samples of the text
// hold least, and of those the longest.
func (s *Sheet) rarest(words []string) string {
	return slices.MinFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.sampled(a), s.sampled(b)), cmp.Compare(len(b), len(a)))
	})
}

func (s *Sheet) sampled(word string) (n int) {
	for i := range samples {
		start := i * len(s.text) / samples
		n += bytes.Count(s.text[start:min(start+sampleSize, len(s.text))], []byte(word))
	}
	return n
}

// AskedColumn is what the answer to a question for a number has besides: the
// number, as it was asked for. XiVO's directory server takes a row for its answer
// only where the column that is named like the parameter holds the very number.
const AskedColumn = "phone"

// Phone returns, with the header line, the rows that have the number, however it
// is written, and [AskedColumn]: at most limit of them, all for a limit of zero.
func (s *Sheet) Phone(asked string, limit int) []byte {
	out := widened(nil, s.header, AskedColumn)
	number := strings.TrimSpace(clean(asked))
	if number == "" {
		return out
	}
	hash := maphash.String(s.seed, s.canonical(number))
	first, _ := slices.BinarySearchFunc(s.numbers, hash, func(d dialable, h uint64) int {
		switch {
		case d.hash < h:
			return -1
		case d.hash > h:
			return 1
		}
		return 0
	})
	for n, d := range s.numbers[first:] {
		if d.hash != hash || limit > 0 && n == limit {
			break
		}
		out = widened(out, s.line(int(d.row)), asked)
	}
	return out
}

// widened appends a row with one cell more.
func widened(out, row []byte, cell string) []byte {
	out = append(append(out, bytes.TrimSuffix(row, []byte("\n"))...), Delimiter)
	return append(out, line([]string{cell})...)
}

// rowAt is the row that a place of the searched text belongs to.
func (s *Sheet) rowAt(place int) int {
	return sort.Search(len(s.textEnds), func(i int) bool { return int(s.textEnds[i]) > place })
}

func (s *Sheet) holdsAll(i int, words []string) bool {
	text := part(s.text, s.textEnds, i)
	return !slices.ContainsFunc(words, func(w string) bool { return !bytes.Contains(text, []byte(w)) })
}

func (s *Sheet) line(i int) []byte { return part(s.lines, s.lineEnds, i) }

// part is the i-th of the parts that end there.
func part(all []byte, ends []uint32, i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = ends[i-1]
	}
	return all[start:ends[i]]
}
