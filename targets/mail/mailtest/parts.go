package mailtest

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// Parts decodes what was taken: its alternatives by their types, or its only part.
func (m Taken) Parts(t testing.TB) map[string]string {
	t.Helper()
	msg := m.Message(t)
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("content type %q: %v", msg.Header.Get("Content-Type"), err)
	}
	out := map[string]string{}
	if kind != "multipart/alternative" {
		kind, text := decoded(t, msg.Header.Get, msg.Body)
		out[kind] = text
		return out
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, text := decoded(t, p.Header.Get, p)
		out[kind] = text
	}
}

// decoded reads one part, which has to be UTF-8.
func decoded(t testing.TB, header func(string) string, body io.Reader) (kind, text string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil || !strings.EqualFold(params["charset"], "utf-8") {
		t.Fatalf("part %q: %v", header("Content-Type"), err)
	}
	switch header("Content-Transfer-Encoding") {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return kind, strings.ReplaceAll(string(all), "\r\n", "\n")
}
