package xivo

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// wish is one field of a change as XiVO shall hold it.
type wish struct {
	field record.Field
	delta record.Delta
	// any tells that it does not matter what was held before.
	any bool
}

// wishes returns the fields of a change in the order of the table. What cannot
// be sent is refused here: a field that users do not have, and a value that
// JSON could not carry, or not without altering it.
func wishes(object string, change record.Change) ([]wish, error) {
	var list []wish
	for _, key := range slices.Sorted(maps.Keys(change.Fields)) {
		delta := change.Fields[key]
		name := delta.Attribute
		if name == "" {
			name = key
		}
		f, ok := fieldOf(name)
		if !ok {
			return nil, refused(object, fmt.Sprintf("users have no field %q", name))
		}
		w := wish{field: f, delta: delta}
		if err := w.sendable(); err != nil {
			return nil, refused(object, fmt.Sprintf("%s: %v", name, err))
		}
		list = append(list, w)
	}
	return list, nil
}

// sendable tells what keeps the value from being sent. It does not show it.
func (w wish) sendable() error {
	v := w.delta.After
	if len(v) > 1 {
		return fmt.Errorf("the field takes one value, not %d", len(v))
	}
	text := v.First()
	switch {
	case !utf8.ValidString(text):
		return fmt.Errorf("the value is not UTF-8 text")
	case text == "" || w.field.Kind == record.String:
		return nil
	case w.field.Kind == record.Bool && text != "true" && text != "false":
		return fmt.Errorf("the value has to be true or false")
	case w.field.Kind == record.Int:
		if _, err := strconv.Atoi(text); err != nil {
			return fmt.Errorf("the value has to be a number")
		}
	}
	return nil
}

// value is what stands in the body: null empties the field.
func (w wish) value() any {
	text := w.delta.After.First()
	switch {
	case text == "":
		return nil
	case w.field.Kind == record.Bool:
		return text == "true"
	case w.field.Kind == record.Int:
		return json.Number(strconv.Itoa(number(text)))
	}
	return text
}

// number reads digits that sendable has accepted.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// body makes the body of a write, with just these keys, and lists the secrets
// in it.
func body(list []wish) (b []byte, secrets []string, err error) {
	object := map[string]any{}
	for _, w := range list {
		object[w.field.Name] = w.value()
		if (w.field.Secret || w.delta.Secret) && !w.delta.After.Empty() {
			secrets = append(secrets, w.delta.After.First())
		}
	}
	if b, err = json.Marshal(object); err != nil {
		return nil, nil, fmt.Errorf("write body: %w", err)
	}
	return b, secrets, nil
}

// holds tells whether the user holds what is wished.
func (w wish) holds(u record.Record) bool { return u.Values[w.field.Name].Equal(w.delta.After) }

// held tells whether the user holds what the change was decided from.
func (w wish) held(u record.Record) bool { return u.Values[w.field.Name].Equal(w.delta.Before) }

// open returns the wishes that the user does not hold yet.
func open(list []wish, u record.Record) []wish {
	return slices.DeleteFunc(slices.Clone(list), func(w wish) bool { return w.holds(u) })
}

// all tells whether every wish passes.
func all(list []wish, u record.Record, pass func(wish, record.Record) bool) bool {
	return !slices.ContainsFunc(list, func(w wish) bool { return !pass(w, u) })
}

// named returns the fields to read before and after the change: those that are
// mapped, and those that it names.
func (c *Client) named(list []wish) []string {
	want := slices.Clone(c.mapped)
	for _, w := range list {
		want = append(want, w.field.Name)
	}
	return inOrder(want)
}
