package ldaptest

import (
	"bytes"
	"os/exec"
	"path/filepath"
)

// Tree writes everything that the server holds as LDIF, with the ids, versions and
// times of the entries, but not the contextCSN. Options.Tree starts another server with the same content.
func (s *Server) Tree() string {
	s.t.Helper()
	var complaint bytes.Buffer
	cmd := exec.Command(s.binary, "-Tcat", "-b", s.suffix, "-f", filepath.Join(s.Dir, "slapd.conf"))
	cmd.Stderr = &complaint
	ldif, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("write the directory: %v: %s", err, &complaint)
	}
	return string(ldif)
}
