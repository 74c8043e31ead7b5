package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Value is what a field or an attribute holds, as texts. No texts is empty:
// null, an absent attribute and "" are one and the same.
type Value []string

// Text returns the value of one text; the empty text gives the empty value.
func Text(s string) Value {
	if s == "" {
		return nil
	}
	return Value{s}
}

// Texts returns the value of several texts, without the empty ones.
func Texts(texts ...string) Value {
	var v Value
	for _, s := range texts {
		if s != "" {
			v = append(v, s)
		}
	}
	return v
}

// Empty tells whether nothing is held.
func (v Value) Empty() bool { return len(v) == 0 }

// Equal tells whether both hold the same texts in the same order.
func (v Value) Equal(o Value) bool { return slices.Equal(v, o) }

// First returns the first text, or "" of an empty value.
func (v Value) First() string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// String joins the texts for a reader.
func (v Value) String() string { return strings.Join(v, "; ") }

// rawText is how a text that is not valid UTF-8 is kept in JSON without loss.
type rawText struct {
	Base64 string `json:"base64"`
}

// MarshalJSON writes null, a string, or an array of strings. A text that is not
// valid UTF-8 becomes {"base64": …}, so that nothing is lost.
func (v Value) MarshalJSON() ([]byte, error) {
	switch len(v) {
	case 0:
		return []byte("null"), nil
	case 1:
		return marshalText(v[0])
	}
	parts := make([]json.RawMessage, len(v))
	for i, s := range v {
		b, err := marshalText(s)
		if err != nil {
			return nil, err
		}
		parts[i] = b
	}
	return json.Marshal(parts)
}

func marshalText(s string) ([]byte, error) {
	if utf8.ValidString(s) {
		return json.Marshal(s)
	}
	return json.Marshal(rawText{base64.StdEncoding.EncodeToString([]byte(s))})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	*v = nil
	if len(b) == 0 || bytes.Equal(b, []byte("null")) {
		return nil
	}
	if b[0] != '[' {
		s, err := unmarshalText(b)
		*v = Text(s)
		return err
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		s, err := unmarshalText(p)
		if err != nil {
			return err
		}
		*v = append(*v, s)
	}
	return nil
}

func unmarshalText(b []byte) (string, error) {
	if len(b) > 0 && b[0] == '{' {
		var raw rawText
		if err := json.Unmarshal(b, &raw); err != nil {
			return "", err
		}
		bin, err := base64.StdEncoding.DecodeString(raw.Base64)
		if err != nil {
			return "", fmt.Errorf("decode value: %w", err)
		}
		return string(bin), nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	return s, err
}
