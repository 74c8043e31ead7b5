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

// Parts decodes the alternatives of what was taken, by their types.
func (m Taken) Parts(t testing.TB) map[string]string {
	t.Helper()
	msg := m.Message(t)
	contentType, body := msg.Header.Get("Content-Type"), msg.Body
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", contentType, err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") {
			t.Fatalf("part %v: %v", p.Header, err)
		}
		var text io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			text = quotedprintable.NewReader(p)
		case "base64":
			text = base64.NewDecoder(base64.StdEncoding, p)
		}
		decoded, err := io.ReadAll(text)
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = strings.ReplaceAll(string(decoded), "\r\n", "\n")
	}
}
