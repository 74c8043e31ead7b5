package sidetest

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Following is how a side tells its changes. The zero value names what is gone.
type Following struct {
	// Forgets makes every cursor one of which the side knows nothing.
	Forgets bool
	// Blind shows nothing of what is gone, and Restarted names who is there instead.
	Blind, Restarted bool
	// Listed counts the listings of ids.
	Listed int
}

var _ reconcile.Follower = (*Fake)(nil)

// touch notes that something about a record changed.
func (f *Fake) touch(id string) {
	if f.touched == nil {
		f.touched = map[string]int{}
	}
	f.ticks++
	f.touched[id] = f.ticks
}

// tick is how far the changes go that the side shows.
func (f *Fake) tick() int {
	if f.frozen != nil {
		return f.frozenAt
	}
	return f.ticks
}

// Position returns how far the changes go by now.
func (f *Fake) Position(context.Context) (record.Cursor, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursor(), nil
}

func (f *Fake) cursor() record.Cursor {
	return record.Cursor{Position: []byte(strconv.Itoa(f.tick())), Server: f.Server, Method: "fake"}
}

// Follow shows what changed since, and the records with these ids.
func (f *Fake) Follow(_ context.Context, since record.Cursor, ids []string) (record.Increment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if f.Down != nil {
		return record.Increment{}, f.Down
	}
	from, err := strconv.Atoi(string(since.Position))
	if err != nil || f.Following.Forgets || from > f.tick() {
		return record.Increment{Refused: "the side has forgotten"}, nil
	}
	inc := record.Increment{Blind: f.Following.Blind, Next: f.cursor()}
	listed := map[string]bool{}
	for _, r := range f.visible(record.Detail) {
		listed[r.ID] = true
		at := f.touched[r.ID]
		if at > from && at <= f.tick() || slices.Contains(ids, r.ID) {
			inc.Records = append(inc.Records, r)
		}
	}
	gone := map[string]bool{}
	for id, at := range f.touched {
		gone[id] = !listed[id] && (at > from && at <= f.tick() && !inc.Blind || slices.Contains(ids, id))
	}
	inc.Suspect = func(id string) bool { return gone[id] }
	if f.Following.Restarted {
		inc.Suspect = func(id string) bool { return !listed[id] }
	}
	return inc, nil
}

// Present lists the ids of everybody who is listed.
func (f *Fake) Present(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		f.Following.Listed++
		for r, err := range f.List(ctx, record.Survey) {
			if !yield(r.ID, err) {
				return
			}
		}
	}
}
