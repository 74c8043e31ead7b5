package store

import (
	"bytes"
	"iter"

	bolt "go.etcd.io/bbolt"
)

// walk lists the rows of a bucket whose keys begin with a prefix.
type walk[T any] struct {
	bucket    bucket
	prefix    []byte
	backwards bool
	// item makes an item of a row, or passes over it.
	item func(tx *bolt.Tx, key, value []byte) (item T, ok bool, err error)
}

// in yields the items.
func (w walk[T]) in(db *DB) iter.Seq2[T, error] { return pages(db, w.page) }

// page reads rows until the page is full.
func (w walk[T]) page(tx *bolt.Tx, from []byte) (p page[T], err error) {
	c := w.bucket.in(tx).Cursor()
	k, v := w.start(c, from)
	for n := 0; k != nil && bytes.HasPrefix(k, w.prefix); n++ {
		if n == pageSize {
			p.next = bytes.Clone(k)
			return p, nil
		}
		item, ok, err := w.item(tx, k, v)
		if err != nil {
			return p, err
		}
		if ok {
			p.items = append(p.items, item)
		}
		k, v = w.step(c)
	}
	p.next = nil
	return p, nil
}

// start finds the row to begin with: the row at from, or the one that is next to
// it in the walk's direction where it has gone meanwhile.
func (w walk[T]) start(c *bolt.Cursor, from []byte) (key, value []byte) {
	if !w.backwards {
		if from == nil {
			from = w.prefix
		}
		return c.Seek(from)
	}
	if from == nil {
		return seekBefore(c, after(w.prefix))
	}
	if k, v := c.Seek(from); bytes.Equal(k, from) {
		return k, v
	}
	return seekBefore(c, from)
}

// step goes on to the next row.
func (w walk[T]) step(c *bolt.Cursor) (key, value []byte) {
	if w.backwards {
		return c.Prev()
	}
	return c.Next()
}

// seekBefore finds the last row before a key; the last of all where it is nil.
func seekBefore(c *bolt.Cursor, key []byte) (k, v []byte) {
	if key == nil {
		return c.Last()
	}
	if k, _ := c.Seek(key); k == nil {
		return c.Last()
	}
	return c.Prev()
}
