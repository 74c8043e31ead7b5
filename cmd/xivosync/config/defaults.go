package config

import (
	"fmt"
	"reflect"

	"github.com/BurntSushi/toml"
)

// fresh returns a new value of the type that holds its defaults.
func fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	setDefaults(v)
	return v
}

// setDefaults gives a struct the defaults of its tags.
func setDefaults(v reflect.Value) {
	if _, own := v.Addr().Interface().(value); own || v.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(v.Type()) {
		member := v.FieldByIndex(f.Index)
		setDefaults(member)
		text, has := f.Tag.Lookup("default")
		if !has {
			continue
		}
		d := decoder{&findings{doc: &document{}}}
		d.value(f.Name, member, tomlValue(text), f.Tag)
		if err := d.result(); err != nil {
			panic(fmt.Sprintf("default %s of %s: %v", text, f.Name, err)) // a tag of this package
		}
	}
}

// tomlValue reads a default as it would stand in the file.
func tomlValue(text string) any {
	var doc map[string]any
	if _, err := toml.Decode("v = "+text, &doc); err != nil {
		panic(fmt.Sprintf("default %s: %v", text, err)) // a tag of this package
	}
	return doc["v"]
}
