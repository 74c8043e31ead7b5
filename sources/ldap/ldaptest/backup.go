package ldaptest

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Backup stops the server, copies its database and starts it again; it returns
// where the copy is.
func (s *Server) Backup() string {
	s.t.Helper()
	s.Stop()
	dir, err := os.MkdirTemp(s.Dir, "backup")
	if err != nil {
		s.t.Fatalf("make room for a backup: %v", err)
	}
	s.copyDB(filepath.Join(s.Dir, "db"), dir)
	s.Start()
	return dir
}

// Restore puts the database of a backup in place of the server's.
func (s *Server) Restore(backup string) {
	s.t.Helper()
	s.Stop()
	s.copyDB(backup, filepath.Join(s.Dir, "db"))
	s.Start()
}

func (s *Server) copyDB(from, to string) {
	s.t.Helper()
	if err := os.RemoveAll(to); err != nil {
		s.t.Fatalf("empty %s: %v", to, err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		s.t.Fatalf("copy the database: %v", err)
	}
	if err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}); err != nil {
		s.t.Fatalf("protect the database: %v", err)
	}
}
