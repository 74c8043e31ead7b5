package xivosim

import (
	"iter"
	"maps"
	"reflect"
	"slices"
)

// table holds rows by id in the order a PostgreSQL heap would show them: a new
// row at the end, a changed row moved to the end. That order is what a client
// sees among equal sort keys, and why paging without a unique key loses rows.
type table[T any] struct {
	next int // the id of the next row, never given twice
	at   map[int]int
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
	return &table[T]{next: 1, at: map[int]int{}, undo: undo, indexed: indexed}
}

// get returns the row of an id, nil when there is none. Rows are not to be
// changed: copy, change, put.
func (t *table[T]) get(id int) *T {
	if i, ok := t.at[id]; ok {
		return t.heap[i]
	}
	return nil
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
	t.at[id] = len(t.heap)
	t.heap, t.ids = append(t.heap, row), append(t.ids, id)
	t.next = max(t.next, id+1)
	t.indexed(row, true)
}

func (t *table[T]) drop(id int) {
	i, ok := t.at[id]
	if !ok {
		return
	}
	t.indexed(t.heap[i], false)
	delete(t.at, id)
	t.heap[i] = nil
	if len(t.heap) > 64 && len(t.at) < len(t.heap)/2 {
		t.compact()
	}
}

// compact squeezes out the dead places; the order stays.
func (t *table[T]) compact() {
	n := 0
	for i, row := range t.heap {
		if row != nil {
			t.heap[n], t.ids[n] = row, t.ids[i]
			t.at[t.ids[n]] = n
			n++
		}
	}
	clear(t.heap[n:])
	t.heap, t.ids = t.heap[:n], t.ids[:n]
}

func (t *table[T]) len() int { return len(t.at) }

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
func (t *table[T]) byID() []int { return slices.Sorted(maps.Keys(t.at)) }
