package xivosim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"
)

// readBody returns the request's JSON object. Another content type than
// application/json makes the body invisible, and what Python calls false
// ([], null, 0, "") counts as an empty object, as in confd.
func readBody(r *http.Request) (map[string]any, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return map[string]any{}, nil
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil || !utf8.Valid(raw) {
		return nil, malformed()
	}
	v, err := decodeJSON(raw)
	if err != nil {
		return nil, malformed()
	}
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case []any:
		if len(v) == 0 {
			return map[string]any{}, nil
		}
	case nil:
		return map[string]any{}, nil
	case string:
		if v == "" {
			return map[string]any{}, nil
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && f == 0 {
			return map[string]any{}, nil
		}
	case bool:
		if !v {
			return map[string]any{}, nil
		}
	}
	return nil, badRequest("Input Error - _schema: %s", pyList("Invalid input type."))
}

func decodeJSON(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// loadBody reads the request's body and checks it against a schema.
func loadBody[T any](c *call, s schema[T], creating bool) (apply func(*T), err error) {
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	return s.load(body, creating)
}
