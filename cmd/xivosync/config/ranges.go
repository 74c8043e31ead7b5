package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// limits checks a value against the choices and the range of its tags.
func (d decoder) limits(key string, v reflect.Value, tag reflect.StructTag) {
	if choices := strings.Split(tag.Get("choices"), "|"); tag.Get("choices") != "" && !slices.Contains(choices, v.String()) {
		d.add(key, suggestion(v.String(), choices), "%q is not one of %s", v.String(), strings.Join(choices, ", "))
	}
	low, high := tag.Get("min"), tag.Get("max")
	if low == "" || none(v, tag) {
		return
	}
	if n := magnitude(v); !(n >= bound(v, low) && n <= bound(v, high)) { // so that NaN is refused, too
		d.add(key, "", "%v is not between %s and %s", v.Interface(), low, high)
	}
}

// none tells whether a duration that has no default was left empty.
func none(v reflect.Value, tag reflect.StructTag) bool {
	return v.Type() == durationType && v.IsZero() && tag.Get("default") == ""
}

var durationType = reflect.TypeFor[Duration]()

// magnitude returns a number or span as a number that can be compared.
func magnitude(v reflect.Value) float64 {
	if v.CanInt() {
		return float64(v.Int())
	}
	return v.Float()
}

// bound reads a limit of a tag in the unit of the value.
func bound(v reflect.Value, text string) float64 {
	if v.Type() == durationType {
		span, err := ParseDuration(text)
		if err != nil {
			panic(fmt.Sprintf("limit %q: %v", text, err)) // a tag of this package
		}
		return float64(span)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("limit %q: %v", text, err))
	}
	return n
}
