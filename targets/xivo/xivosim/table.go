package xivosim

import (
	"iter"
	"reflect"
)

// table holds rows by id in the order a PostgreSQL heap would show them: a new
// row at the end, a changed row moved to the end. That order is what a client
// sees among equal sort keys, and why paging without a unique key loses rows.
type table[T any] struct {
	next int   // the id of the next row, never given twice
	at   []int // by id: the place in the heap plus one, 0 for none
	live int
	heap []*T // nil where a row was changed or deleted
	ids  []int
	undo *[]func()
	// indexed is told of every row that comes (on) and goes.
	indexed func(row *T, on bool)
}

func newTable[T any](undo *[]func(), indexed func(row *T, on bool)) *table[T] {
	if indexed == nil {
		indexed = func(*T, bool) {}
	}
	return &table[T]{next: 1, undo: undo, indexed: indexed}
}

// get returns the row of an id, nil when there is none. Rows are not to be
// changed: copy, change, put.
func (t *table[T]) get(id int) *T {
	if i := t.place(id); i >= 0 {
		return t.heap[i]
	}
	return nil
}

// place is a row's place in the heap, -1 when there is none.
func (t *table[T]) place(id int) int {
	if id < 0 || id >= len(t.at) {
		return -1
	}
	return t.at[id] - 1
}

// newID takes the next id. It stays taken when the transaction is undone, as
// a sequence's value does.
func (t *table[T]) newID() int {
	t.next++
	return t.next - 1
}

// put writes the row of an id, new or not. A row that is as it was is not
// written, and so keeps its place.
func (t *table[T]) put(id int, row *T) {
	old := t.get(id)
	if old != nil && reflect.DeepEqual(old, row) {
		return
	}
	t.write(id, row)
	t.onUndo(func() {
		if old == nil {
			t.drop(id)
		} else {
			t.write(id, old)
		}
	})
}

// remove deletes the row of an id; absent ids are ignored.
func (t *table[T]) remove(id int) {
	if old := t.get(id); old != nil {
		t.drop(id)
		t.onUndo(func() { t.write(id, old) })
	}
}

func (t *table[T]) onUndo(f func()) {
	*t.undo = append(*t.undo, f)
}

func (t *table[T]) write(id int, row *T) {
	t.drop(id)
	if id >= len(t.at) {
		t.at = append(t.at, make([]int, id+1-len(t.at))...)
	}
	t.live++
	t.at[id] = len(t.heap) + 1
	t.heap, t.ids = append(t.heap, row), append(t.ids, id)
	t.next = max(t.next, id+1)
	t.indexed(row, true)
}

func (t *table[T]) drop(id int) {
	i := t.place(id)
	if i < 0 {
		return
	}
	t.indexed(t.heap[i], false)
	t.at[id], t.heap[i] = 0, nil
	t.live--
	if len(t.heap) > 64 && t.live < len(t.heap)/2 {
		t.compact()
	}
}

// compact squeezes out the dead places; the order stays.
func (t *table[T]) compact() {
	n := 0
	for i, row := range t.heap {
		if row != nil {
			t.heap[n], t.ids[n] = row, t.ids[i]
			n++
			t.at[t.ids[n-1]] = n
		}
	}
	clear(t.heap[n:])
	t.heap, t.ids = t.heap[:n], t.ids[:n]
}

func (t *table[T]) len() int { return t.live }

// all yields the rows in heap order. The table must not be written meanwhile.
func (t *table[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, row := range t.heap {
			if row != nil && !yield(row) {
				return
			}
		}
	}
}

// byID returns the ids in ascending order.
func (t *table[T]) byID() []int {
	ids := make([]int, 0, t.live)
	for id, place := range t.at {
		if place > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}
