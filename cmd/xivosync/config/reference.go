package config

import (
	"fmt"
	"reflect"
)

// Key is one key of the configuration, for the documentation.
type Key struct {
	// Key is its path: NAME stands for a name of one's own, [] for each element
	// of a list.
	Key string `json:"key"`
	// Type is what it holds, in words, and Default as it would be written; ""
	// where there is none.
	Type    string `json:"type"`
	Default string `json:"default"`
	// Choices and Range limit the value.
	Choices string `json:"choices,omitempty"`
	Range   string `json:"range,omitempty"`
	// Required keys have to be there.
	Required bool   `json:"required"`
	Doc      string `json:"doc"`
}

// Reference lists every key in the order of the types.
func Reference() []Key { return keysOf("", reflect.TypeFor[Config]()) }

func keysOf(path string, t reflect.Type) []Key {
	var keys []Key
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("toml")
		if name == "" {
			continue
		}
		key := Key{
			Key: join(path, name), Type: kindName(f.Type), Default: f.Tag.Get("default"),
			Choices: f.Tag.Get("choices"), Required: f.Tag.Get("required") != "", Doc: f.Tag.Get("doc"),
		}
		if low := f.Tag.Get("min"); low != "" {
			key.Range = fmt.Sprintf("%s to %s", low, f.Tag.Get("max"))
		}
		keys = append(keys, key)
		if inner, suffix := innerTable(f.Type); inner != nil {
			keys = append(keys, keysOf(key.Key+suffix, inner)...)
		}
	}
	return keys
}

// innerTable returns the struct that a key leads to, and how the path goes on.
func innerTable(t reflect.Type) (inner reflect.Type, suffix string) {
	switch {
	case isOwn(t):
		return nil, ""
	case t.Kind() == reflect.Slice:
		inner, suffix = t.Elem(), "[]"
	case t.Kind() == reflect.Map:
		inner, suffix = t.Elem(), ".NAME"
	case t.Kind() == reflect.Pointer:
		inner = t.Elem()
	default:
		inner = t
	}
	if inner.Kind() != reflect.Struct {
		return nil, ""
	}
	return inner, suffix
}

// isOwn tells whether a type reads itself.
func isOwn(t reflect.Type) bool { return reflect.PointerTo(t).Implements(reflect.TypeFor[value]()) }

// kindName says in words what a key holds.
func kindName(t reflect.Type) string {
	if isOwn(t) {
		return reflect.New(t).Interface().(value).kind()
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list of " + kindName(t.Elem()) + "s"
	case reflect.Pointer:
		return kindName(t.Elem())
	}
	return "table"
}
