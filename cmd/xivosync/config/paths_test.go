package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRelativePathsBeginAtTheConfiguration wherever the command is run.
func TestRelativePathsBeginAtTheConfiguration(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "ldap.secret"), []byte("parts\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(minimal, "[ldap]", `[ldap]
ca = "../ca.pem"
bind_dn = "cn=a"
password = "file:ldap.secret"`, 1) + `
[state]
path = "data/state.db"
key = "file:/etc/key"
`
	file := filepath.Join(folder, "xivosync.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(folder))
	for _, name := range []string{file, filepath.Join(filepath.Base(folder), "xivosync.toml")} {
		cfg, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for got, want := range map[string]string{
			cfg.State.Path: filepath.Join(folder, "data/state.db"), cfg.LDAP.CA: filepath.Join(filepath.Dir(folder), "ca.pem"),
			cfg.State.Key.String(): "file:/etc/key", cfg.LDAP.Password.String(): "file:" + filepath.Join(folder, "ldap.secret"),
			cfg.XiVO.CA + cfg.Report.Dir: "",
		} {
			if got != want {
				t.Errorf("-c %s: %q, want %q", name, got, want)
			}
		}
		if secret, err := cfg.LDAP.Password.Resolve(); secret != "parts" {
			t.Errorf("-c %s: the secret cannot be read: %v", name, err)
		}
	}
}
