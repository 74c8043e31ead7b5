package record

import "strings"

// Spread is the value of a detail for all elements of a set: the one text where
// they agree, and else a text for each, "ELEMENT: TEXT". No directory holds the
// latter, so that it compares as different from whatever is wanted.
func Spread(elements []string, text func(element string) string) Value {
	var parts Value
	same := true
	for _, e := range elements {
		same = same && text(e) == text(elements[0])
		parts = append(parts, e+": "+text(e))
	}
	if same && len(elements) > 0 {
		return Text(text(elements[0]))
	}
	return parts
}

// Of returns what a value of [Spread] says of one element.
func (v Value) Of(element string) string {
	if len(v) < 2 {
		return v.First()
	}
	for _, part := range v {
		if text, found := strings.CutPrefix(part, element+": "); found {
			return text
		}
	}
	return ""
}
