package xivosim

import (
	"bytes"
	"cmp"
	"strconv"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// sortable is a row with what it is sorted by.
type sortable[T any] struct {
	row  *T
	key  []byte // of the collation
	num  int
	null bool
}

// sortRows orders rows as PostgreSQL does with a UTF-8 locale: by letter
// before accent and case, null last (first when descending), and nothing at
// all to break a tie. bound is how many rows the page needs: a small one
// makes PostgreSQL keep only the best in a heap, which returns equal keys in
// another order for every page.
func sortRows[T any](rows []*T, by column[T], descending bool, bound int) []*T {
	compare := func(a, b sortable[T]) int {
		c := compareKeys(a, b)
		if descending {
			return -c
		}
		return c
	}
	keyed := keys(rows, by)
	if bound < (len(keyed)+1)/2 {
		keyed = topN(keyed, compare, bound)
	} else {
		quicksort(keyed, compare)
	}
	rows = rows[:0]
	for _, k := range keyed {
		rows = append(rows, k.row)
	}
	return rows
}

func keys[T any](rows []*T, by column[T]) []sortable[T] {
	var buf collate.Buffer
	order := collate.New(language.Und)
	out := make([]sortable[T], len(rows))
	for i, row := range rows {
		v, null := by.get(row)
		out[i] = sortable[T]{row: row, null: null}
		switch {
		case null:
		case by.number:
			out[i].num, _ = strconv.Atoi(v)
		default:
			out[i].key = order.KeyFromString(&buf, v)
		}
	}
	return out
}

func compareKeys[T any](a, b sortable[T]) int {
	switch {
	case a.null && b.null:
		return 0
	case a.null:
		return 1
	case b.null:
		return -1
	}
	return cmp.Or(cmp.Compare(a.num, b.num), bytes.Compare(a.key, b.key))
}

// topN is a bounded sort: a heap of the best, the worst on top; what does not
// beat the worst is dropped, equals included.
func topN[T any](rows []sortable[T], compare func(a, b sortable[T]) int, bound int) []sortable[T] {
	heap := make([]sortable[T], 0, bound)
	worse := func(a, b sortable[T]) int { return -compare(a, b) }
	for _, row := range rows {
		switch {
		case len(heap) < bound:
			heap = siftUp(append(heap, row), worse)
		case worse(row, heap[0]) > 0:
			siftDown(heap, row, worse)
		}
	}
	for n := len(heap); n > 1; n-- {
		top := heap[0]
		siftDown(heap[:n-1], heap[n-1], worse)
		heap[n-1] = top
	}
	return heap
}

// siftUp moves the last element to its place.
func siftUp[T any](heap []sortable[T], less func(a, b sortable[T]) int) []sortable[T] {
	j := len(heap) - 1
	row := heap[j]
	for j > 0 {
		parent := (j - 1) / 2
		if less(row, heap[parent]) >= 0 {
			break
		}
		heap[j] = heap[parent]
		j = parent
	}
	heap[j] = row
	return heap
}

// siftDown puts a row in the place of the top.
func siftDown[T any](heap []sortable[T], row sortable[T], less func(a, b sortable[T]) int) {
	i := 0
	for {
		j := 2*i + 1
		if j >= len(heap) {
			break
		}
		if j+1 < len(heap) && less(heap[j], heap[j+1]) > 0 {
			j++
		}
		if less(row, heap[j]) <= 0 {
			break
		}
		heap[i] = heap[j]
		i = j
	}
	heap[i] = row
}
