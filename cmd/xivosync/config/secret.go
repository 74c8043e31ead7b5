package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secret refers to a secret that is kept elsewhere: file:PATH, env:NAME, or
// cred:NAME for a credential that systemd passes to the service. The zero value
// refers to none. The secret itself is never held, only read when it is used.
type Secret struct{ scheme, name string }

// resolvers are the ways to keep a secret, by the word before the colon.
var resolvers = map[string]func(name string) (string, error){
	"file": readSecretFile,
	"env":  readSecretVariable,
	"cred": readCredential,
}

func (s *Secret) kind() string { return "reference file:PATH, env:NAME or cred:NAME" }

// read refuses a literal secret, and never repeats it.
func (s *Secret) read(from any) error {
	text, ok := from.(string)
	if !ok {
		return wrongKind(s.kind(), from)
	}
	if text == "" {
		*s = Secret{}
		return nil
	}
	scheme, name, _ := strings.Cut(text, ":")
	if resolvers[scheme] == nil || name == "" {
		return errLiteralSecret
	}
	*s = Secret{scheme, name}
	return nil
}

var errLiteralSecret = &hinted{
	message: "a secret must not stand in the configuration",
	hint:    "keep it elsewhere and refer to it: file:/etc/xivosync/NAME.secret, env:NAME, or cred:NAME (systemd's LoadCredential=)",
}

// IsZero tells whether no secret is referred to.
func (s Secret) IsZero() bool { return s == Secret{} }

// String returns the reference, which tells where the secret is kept and
// nothing of the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return s.scheme + ":" + s.name
}

// MarshalJSON leaves the secret out of fingerprints: neither it nor the place
// where it is kept changes what a plan means.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Resolve reads the secret, without the line end after it. It is an error when
// there is none, when it is empty, or when others may write its file.
func (s Secret) Resolve() (string, error) {
	resolve := resolvers[s.scheme]
	if resolve == nil {
		return "", errors.New("no secret is configured")
	}
	text, err := resolve(s.name)
	if err != nil {
		return "", err
	}
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return "", fmt.Errorf("%s: the secret is empty", s)
	}
	return text, nil
}

// Warning says what is wrong with how the secret is kept, without being a
// reason to stop; "" when nothing is.
func (s Secret) Warning() string {
	if s.scheme != "file" {
		return ""
	}
	info, err := os.Stat(s.name)
	if err != nil || info.Mode().Perm()&0o044 == 0 {
		return ""
	}
	return fmt.Sprintf("%s can be read by others (mode %04o): chmod 600 %s", s.name, info.Mode().Perm(), s.name)
}

func readSecretFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return "", fmt.Errorf("secret %s can be changed by others (mode %04o): chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return string(text), nil
}

func readSecretVariable(name string) (string, error) {
	text, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("secret env:%s: there is no such environment variable", name)
	}
	return text, nil
}

func readCredential(name string) (string, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("secret cred:%s: systemd passed no credentials (CREDENTIALS_DIRECTORY is not set): add LoadCredential=%s:PATH to the service", name, name)
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("secret cred:%s: systemd passed no such credential: add LoadCredential=%s:PATH to the service", name, name)
	}
	return string(text), err
}
