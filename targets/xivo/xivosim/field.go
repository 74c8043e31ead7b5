package xivosim

// field is a rule and the place in a row that it writes.
type field[T any] struct {
	rule
	set func(row *T, value any)
}

// schema is what a resource's body may hold. Keys it does not name are ignored.
type schema[T any] []field[T]

// load checks a body, all fields together, and returns what writes it to a
// row. On creation required fields must be there; otherwise only what is
// present is touched.
func (s schema[T]) load(body map[string]any, creating bool) (apply func(*T), err error) {
	var f faults
	type change struct {
		set   func(*T, any)
		value any
	}
	var changes []change
	for _, fd := range s {
		if v, present := checkField(fd.rule, body, creating, &f); present {
			changes = append(changes, change{fd.set, v})
		}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return func(row *T) {
		for _, c := range changes {
			c.set(row, c.value)
		}
	}, nil
}

// textField is a string column; null empties it.
func textField[T any](at func(*T) *string, r rule) field[T] {
	r.kind = text
	return field[T]{r, func(row *T, v any) { *at(row), _ = v.(string) }}
}

// optionalField is a string column where null and empty differ.
func optionalField[T any](at func(*T) **string, r rule) field[T] {
	r.kind = text
	return field[T]{r, func(row *T, v any) {
		*at(row) = nil
		if s, ok := v.(string); ok {
			*at(row) = &s
		}
	}}
}

// wholeField is an integer column; null makes it zero.
func wholeField[T any](at func(*T) *int, r rule) field[T] {
	r.kind = whole
	return field[T]{r, func(row *T, v any) { *at(row), _ = v.(int) }}
}

// flagField is a boolean column.
func flagField[T any](at func(*T) *bool, r rule) field[T] {
	if r.kind != loose {
		r.kind = flag
	}
	return field[T]{r, func(row *T, v any) { *at(row), _ = v.(bool) }}
}

// pairsField is a list of options.
func pairsField[T any](set func(*T, []pair), r rule) field[T] {
	r.kind = pairs
	return field[T]{r, func(row *T, v any) {
		list, _ := v.([]pair)
		set(row, list)
	}}
}
