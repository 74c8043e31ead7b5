package xivo

import (
	"fmt"
	"slices"
	"strconv"

	"xivosync/reconcile/record"
)

// intake decodes one answer into a roster.
type intake struct {
	answer
	bit    uint8
	roster *roster
	scan   *scanner
	// row is the row at hand: its cells, whose texts are in text.
	row    []cell
	text   []byte
	serial uint64
	// keys are the keys of the columns that the answer has to tell.
	keys   []string
	rows   int
	total  int64
	header []string
}

func (in *intake) document() error {
	listed := false
	err := in.scan.object(func(key []byte) error {
		switch string(key) {
		case in.answer.rows:
			listed = true
			return in.scan.array(in.person)
		case "total":
			return in.count()
		case in.headers:
			return in.scan.array(in.heading)
		}
		return in.scan.skip()
	})
	if err != nil {
		return err
	}
	if err := in.scan.finish(); err != nil {
		return err
	}
	if !listed {
		return fmt.Errorf("the answer has no %q", in.answer.rows)
	}
	return in.whole()
}

// whole compares what came with what the answer says of itself.
func (in *intake) whole() error {
	if in.headers == "" {
		if in.total != int64(in.rows) {
			return fmt.Errorf("%w: %d rows came, and the total is %d", errUnsteady, in.rows, in.total)
		}
		return nil
	}
	for _, key := range in.keys {
		if key != "" && !slices.Contains(in.header, key) {
			return fmt.Errorf("there is no column %q", key)
		}
	}
	return nil
}

func (in *intake) count() error {
	n, err := in.number()
	in.total = int64(n)
	return err
}

// number takes a whole number that is not negative.
func (in *intake) number() (uint64, error) {
	var digits [20]byte
	text, kind, err := in.scan.scalar(digits[:0])
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, 63)
	if err != nil || kind != kindNumber {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return n, nil
}

func (in *intake) heading() error {
	text, kind, err := in.scan.scalar(nil)
	if err == nil && kind != kindText {
		err = fmt.Errorf("a header is no text: %q", text)
	}
	in.header = append(in.header, string(text))
	return err
}

// person reads one row and tells it to the roster.
func (in *intake) person() error {
	in.text = in.text[:0]
	clear(in.row)
	var id [36]byte
	named, doubtful := id[:0], false
	in.serial = 0
	err := in.scan.object(func(key []byte) error {
		switch string(key) {
		case "uuid":
			var err error
			named, _, err = in.scan.scalar(named)
			return err
		case "id":
			var err error
			in.serial, err = in.number()
			return err
		}
		i := in.column(key)
		if i < 0 {
			return in.scan.skip()
		}
		clean, err := in.cell(i)
		doubtful = doubtful || !clean
		return err
	})
	if err != nil {
		return err
	}
	return in.told(named, doubtful)
}

// column returns where the value of a key belongs; below zero: nowhere.
func (in *intake) column(key []byte) int {
	for i := range in.keys {
		if in.keys[i] == string(key) {
			return i
		}
	}
	return -1
}

func (in *intake) told(named []byte, doubtful bool) error {
	id, err := parseID(named)
	if err != nil {
		return err
	}
	for i, key := range in.keys {
		if key != "" && !in.row[i].told && !doubtful {
			return fmt.Errorf("user %s has no %q", id, key)
		}
	}
	in.rows++
	in.roster.tell(in.bit, id, in.serial, in.row, doubtful)
	return nil
}

// cell reads the value of column i; it is not clean, and not told, when it is
// none that the column can have.
func (in *intake) cell(i int) (clean bool, err error) {
	start := len(in.text)
	var k kind
	if in.text, k, err = in.scan.scalar(in.text); err != nil {
		return false, err
	}
	text := in.text[start:len(in.text):len(in.text)]
	if in.roster.columns[i].Kind == record.Bool {
		text, clean = truth(text, k, in.words)
	} else {
		clean = k == kindText || k == kindNull || k == kindNumber && in.roster.columns[i].Kind == record.Int
	}
	in.row[i] = cell{text: text, told: clean}
	return clean, nil
}

var yes, no = []byte("true"), []byte("false")

// truth reads a boolean: of JSON, or "0" and "1" where all values are texts.
func truth(text []byte, k kind, words bool) ([]byte, bool) {
	switch {
	case !words && k == kindTrue, words && k == kindText && string(text) == "1":
		return yes, true
	case !words && k == kindFalse, words && k == kindText && string(text) == "0":
		return no, true
	}
	return nil, false
}
