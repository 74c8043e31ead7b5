package config

import (
	"maps"
	"reflect"
	"slices"
)

// decoder fills the types of this package from a document. Unlike the TOML
// library it does not stop at the first wrong type, knows each value's line, and
// reads defaults, choices and ranges from the tags.
type decoder struct{ *findings }

// table fills a struct. Keys that the file does not have keep what they hold.
func (d decoder) table(path string, to reflect.Value, from map[string]any) {
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(to.Type()) {
		name := f.Tag.Get("toml")
		if name == "" {
			continue
		}
		known[name] = true
		key := join(path, name)
		if v, given := from[name]; given {
			d.value(key, to.FieldByIndex(f.Index), v, f.Tag)
		}
		if f.Tag.Get("required") != "" && to.FieldByIndex(f.Index).IsZero() && !d.has(key) {
			d.add(key, "", "is missing: %s", f.Tag.Get("doc"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if !known[name] {
			d.unknown(join(path, name), name, slices.Sorted(maps.Keys(known)))
		}
	}
}

// explained are keys that people may look for, and why there is none.
var explained = map[string]string{
	"identifier.transform": "the identifier is not processed: it has to be the same text on both sides",
	"identifier.to_ldap":   "the identifier is not processed: it has to be the same text on both sides",
}

func (d decoder) unknown(key, name string, known []string) {
	if why := explained[key]; why != "" {
		d.add(key, "", "%s", why)
		return
	}
	d.add(key, suggestion(name, known), "unknown key")
}

// value fills one field of a struct, an element of a list, or a value of a map.
func (d decoder) value(key string, to reflect.Value, from any, tag reflect.StructTag) {
	if own, ok := to.Addr().Interface().(value); ok {
		if err := own.read(from); err != nil {
			d.err(key, err)
			return
		}
		d.limits(key, to, tag)
		return
	}
	switch to.Kind() {
	case reflect.Struct:
		if t, ok := from.(map[string]any); ok {
			d.table(key, to, t)
			return
		}
		d.err(key, wrongKind("table", from))
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		d.value(key, to.Elem(), from, tag)
	case reflect.Map:
		d.entries(key, to, from)
	case reflect.Slice:
		d.list(key, to, from)
	default:
		if err := scalar(to, from); err != nil {
			d.err(key, err)
			return
		}
		d.limits(key, to, tag)
	}
}

// entries fills a map, each value from its type's defaults.
func (d decoder) entries(key string, to reflect.Value, from any) {
	table, ok := from.(map[string]any)
	if !ok {
		d.err(key, wrongKind("table", from))
		return
	}
	to.Set(reflect.MakeMap(to.Type()))
	for _, name := range slices.Sorted(maps.Keys(table)) {
		v := fresh(to.Type().Elem())
		d.value(join(key, name), v, table[name], "")
		to.SetMapIndex(reflect.ValueOf(name), v)
	}
}

// list fills a slice, each element from its type's defaults.
func (d decoder) list(key string, to reflect.Value, from any) {
	var elements []any
	switch l := from.(type) {
	case []any:
		elements = l
	case []map[string]any:
		for _, t := range l {
			elements = append(elements, t)
		}
	default:
		d.err(key, wrongKind("list", from))
		return
	}
	to.Set(reflect.MakeSlice(to.Type(), 0, len(elements))) // [] is not the same as nothing
	for i, e := range elements {
		v := fresh(to.Type().Elem())
		d.value(index(key, i), v, e, "")
		to.Set(reflect.Append(to, v))
	}
}

func scalar(to reflect.Value, from any) error {
	switch to.Kind() {
	case reflect.String:
		if s, ok := from.(string); ok {
			to.SetString(s)
			return nil
		}
	case reflect.Bool:
		if b, ok := from.(bool); ok {
			to.SetBool(b)
			return nil
		}
	case reflect.Int:
		if n, ok := from.(int64); ok {
			to.SetInt(n)
			return nil
		}
	case reflect.Float64:
		switch n := from.(type) {
		case float64:
			to.SetFloat(n)
			return nil
		case int64:
			to.SetFloat(float64(n))
			return nil
		}
	}
	return wrongKind(kindName(to.Type()), from)
}
