package store

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// FuzzLinkRow reads any bytes as a link row: an error, or a link that is written
// back to a row which reads the same.
func FuzzLinkRow(f *testing.F) {
	for _, l := range []record.Link{{}, storetest.Link(1), {Number: 2, Missed: -1, Identifier: "\xff"}} {
		l.Number = 1
		packed := must[[]byte](f)(packLink(l))
		f.Add(packed)
		f.Add(packed[sumSize:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := unpackLink(1, b)
		if err != nil {
			if !errors.Is(err, errLinkRow) && !errors.Is(err, errSum) {
				t.Fatal(err)
			}
			return
		}
		packed, err := packLink(l)
		if err != nil {
			return // a time zone that Go reads and does not write
		}
		again := must[record.Link](t)(unpackLink(1, packed))
		if diff := cmp.Diff(l, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzRows reads any bytes as each kind of JSON row: an error, or a row which
// encodes to what decodes the same.
func FuzzRows(f *testing.F) {
	s := testSealer(f)
	change := must[*changeRow](f)(s.newChangeRow(storetest.Change(1, 1, 1)))
	f.Add(must[[]byte](f)(encode(nil, change)))
	f.Add(must[[]byte](f)(s.encodeConflict(storetest.Conflict("entry", "field"))))
	f.Add(must[[]byte](f)(encode(nil, &unitRow{Seqs: []uint64{1}, Closed: true})))
	f.Add([]byte(`{"v":1,"fields":{"a":{"secret":true,"box":"AAAA"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, pair := range [][2]row{
			{&changeRow{}, &changeRow{}}, {&conflictRow{}, &conflictRow{}}, {&stateRow{}, &stateRow{}},
			{&unitRow{}, &unitRow{}}, {&runRow{}, &runRow{}}, {&memoryRow{}, &memoryRow{}},
			{&holdRow{}, &holdRow{}}, {&mailRow{}, &mailRow{}},
		} {
			first, second := pair[0], pair[1]
			if decode(nil, b, first) != nil {
				continue
			}
			once := must[[]byte](t)(encode(nil, first))
			if err := decode(nil, once, second); err != nil {
				t.Fatal(err)
			}
			if twice := must[[]byte](t)(encode(nil, second)); !bytes.Equal(once, twice) {
				t.Fatalf("%s\n%s", once, twice)
			}
		}
		var c changeRow
		if decode(nil, b, &c) == nil {
			_, _ = s.change(1, 1, &c)
		}
		_, _ = s.decodeConflict(1, b)
	})
}
