package xivosim

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// seconds is a number that Python calls a float: it is written with a point.
type seconds float64

// MarshalJSON writes 20 as 20.0.
func (s seconds) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(s), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// convert turns a JSON value into the field's Go value, or complains.
func (r rule) convert(raw any) (any, string) {
	switch r.kind {
	case text:
		if s, ok := raw.(string); ok {
			return s, ""
		}
		return nil, pyList("Not a valid string.")
	case whole:
		if n, ok := pyInt(raw); ok {
			return n, ""
		}
		return nil, pyList("Not a valid integer.")
	case decimal:
		if n, ok := pyFloat(raw); ok {
			return seconds(n), ""
		}
		return nil, pyList("Not a valid number.")
	case flag:
		if b, ok := raw.(bool); ok {
			return b, ""
		}
		return nil, pyList("Not a valid boolean.")
	case loose:
		if b, ok := looseBool(raw); ok {
			return b, ""
		}
		return nil, pyList("Not a valid boolean.")
	default:
		return convertPairs(raw)
	}
}

// pyInt accepts what Python's int() accepts of a JSON value.
func pyInt(raw any) (int, bool) {
	switch v := raw.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n, true
		}
		f, err := v.Float64()
		return int(f), err == nil && !math.IsInf(f, 0) && math.Abs(f) < 1<<53
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return n, err == nil
	}
	return 0, false
}

func pyFloat(raw any) (float64, bool) {
	switch v := raw.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) // JSON has neither
	case bool:
		n, _ := pyInt(v)
		return float64(n), true
	}
	return 0, false
}

func looseBool(raw any) (value, ok bool) {
	switch v := raw.(type) {
	case bool:
		return v, true
	case json.Number:
		return v == "1", v == "1" || v == "0"
	case string:
		yes := slices.Contains([]string{"t", "T", "true", "True", "TRUE", "1"}, v)
		return yes, yes || slices.Contains([]string{"f", "F", "false", "False", "FALSE", "0"}, v)
	}
	return false, false
}

// convertPairs names the first faulty place of the list as confd does.
func convertPairs(raw any) (any, string) {
	list, ok := raw.([]any)
	if !ok {
		return nil, pyList("Not a valid list.")
	}
	out := make([]pair, 0, len(list))
	for i, item := range list {
		p, complaint := convertPair(item)
		if complaint != "" {
			return nil, "{" + strconv.Itoa(i) + ": " + complaint + "}"
		}
		out = append(out, p)
	}
	return out, ""
}

func convertPair(item any) (p pair, complaint string) {
	list, ok := item.([]any)
	if !ok {
		return p, pyList("Not a valid list.")
	}
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return p, "{" + strconv.Itoa(i) + ": " + pyList("Not a valid string.") + "}"
		}
		if i < len(p) {
			p[i] = s
		}
	}
	if len(list) != len(p) {
		return p, pyList("Length must be 2.")
	}
	return p, ""
}
