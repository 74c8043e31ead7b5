package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsAreResolvedWhenTheyAreUsed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("XIVOSYNC_TEST_SECRET", "from the environment")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	write("xivo", "from systemd\n", 0o400)
	for name, tc := range map[string]struct{ ref, want, err, warning string }{
		"a file":                      {ref: "file:" + write("good", "s3cret\n", 0o600), want: "s3cret"},
		"inner line ends stay":        {ref: "file:" + write("lines", "a\nb\r\n", 0o600), want: "a\nb"},
		"a file that others read":     {ref: "file:" + write("read", "s3cret", 0o644), want: "s3cret", warning: "can be read by others"},
		"a file that others write":    {ref: "file:" + write("write", "s3cret", 0o660), err: "can be changed by others", warning: "can be read by others"},
		"an empty file":               {ref: "file:" + write("empty", "\n", 0o600), err: "the secret is empty"},
		"no file":                     {ref: "file:" + filepath.Join(dir, "none"), err: "no such file"},
		"the environment":             {ref: "env:XIVOSYNC_TEST_SECRET", want: "from the environment"},
		"no variable":                 {ref: "env:XIVOSYNC_TEST_NONE", err: "no such environment variable"},
		"a credential":                {ref: "cred:xivo", want: "from systemd"},
		"no credential":               {ref: "cred:none", err: "LoadCredential=none:PATH"},
		"a credential from elsewhere": {ref: "cred:../../etc/passwd", err: "no such credential"},
		"nothing":                     {ref: "", err: "no secret is configured"},
	} {
		t.Run(name, func(t *testing.T) {
			var s Secret
			if err := s.read(tc.ref); err != nil {
				t.Fatal(err)
			}
			got, err := s.Resolve()
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got error %v, want %q", err, tc.err)
			}
			if w := s.Warning(); (w == "") != (tc.warning == "") || !strings.Contains(w, tc.warning) {
				t.Errorf("got warning %q, want %q", w, tc.warning)
			}
		})
	}
}

func TestALiteralSecretIsRefusedAndNotRepeated(t *testing.T) {
	for name, text := range map[string]string{
		"a word":             `"hunter2"`,
		"with a colon":       `"hunter2:hunter2"`,
		"an empty reference": `"file:"`,
		"without quotes":     `hunter2`,
		"half quoted":        `"hunter2`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("", []byte(strings.Replace(minimal, "[identifier]", "password = "+text+"\n[identifier]", 1)))
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("shown: %v", err)
			}
		})
	}
}
