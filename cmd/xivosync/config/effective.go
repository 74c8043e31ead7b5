package config

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Effective returns the value of each key as it holds for a run, defaults
// included, as texts: so that a run can tell which keys changed since the one
// before. A secret is told by its reference. What is zero is left out, as is
// what changes nothing that a run does. A table with a name of one's own
// and an element of a list are keys themselves, so that new ones are seen.
func (c *Config) Effective() map[string]string {
	whole := c.deciding()
	values := effective{}
	values.add("", reflect.ValueOf(&whole).Elem())
	return values
}

// effective collects the values by key.
type effective map[string]string

func (e effective) add(key string, v reflect.Value) {
	switch {
	case v.IsZero():
	case isOwn(v.Type()):
		e[key] = fmt.Sprint(v.Interface())
	case v.Kind() == reflect.Pointer:
		e.add(key, v.Elem())
		if v.Elem().IsZero() {
			e.leaf(key, v.Elem()) // false is not the same as nothing
		}
	case v.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if name := f.Tag.Get("toml"); name != "" {
				e.add(join(key, name), v.FieldByIndex(f.Index))
			}
		}
	case v.Kind() == reflect.Map && v.Type().Elem().Kind() == reflect.Struct:
		for name, table := range v.Seq2() {
			e.table(join(key, name.String()), table)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct && v.Len() > 0:
		for i := range v.Len() {
			e.table(element(key, i, v.Index(i)), v.Index(i))
		}
	default:
		e.leaf(key, v)
	}
}

// table adds a table that is there by a name of one's own, or in a list.
func (e effective) table(key string, v reflect.Value) {
	e[key] = "there"
	e.add(key, v)
}

// leaf adds a value that is told as a whole.
func (e effective) leaf(key string, v reflect.Value) {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		panic(err) // types of this package, which all have a JSON form
	}
	e[key] = string(text)
}

// element is the key of an element of a list: by its name where it has one, so
// that another one before it does not change it.
func element(key string, i int, v reflect.Value) string {
	if name := v.FieldByName("Name"); name.IsValid() && name.String() != "" {
		return fmt.Sprintf("%s[%s]", key, name.String())
	}
	return index(key, i)
}
