package xivo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// step is one exchange with a real confd (testdata/confd/README.md).
type step struct {
	N       int               `json:"n"`
	Note    string            `json:"note"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"request_headers"`
	Request json.RawMessage   `json:"request_body"`
	Status  int               `json:"status"`
	Body    json.RawMessage   `json:"response_body"`
	Text    string            `json:"response_text"`
}

// answer is the body as it came.
func (s step) answer() []byte {
	if s.Body != nil {
		return s.Body
	}
	return []byte(s.Text)
}

func recorded(t testing.TB, name string) []step {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "confd", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Steps []step `json:"steps"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Steps
}
