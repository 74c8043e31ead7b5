package config

import (
	"path/filepath"
	"reflect"
)

// rooted makes the paths of the configuration absolute: a relative one begins at
// the folder of the file that names it, so that a command means the same from
// wherever it is run. These are the keys with the tag path, and secrets in files.
func (c *Config) rooted(file string) error {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err == nil {
		rootPaths(reflect.ValueOf(c).Elem(), dir)
	}
	return err
}

func rootPaths(v reflect.Value, dir string) {
	if v.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(v.Type()) {
		member := v.FieldByIndex(f.Index)
		if !f.IsExported() {
			continue
		}
		if _, path := f.Tag.Lookup("path"); path {
			member.SetString(rootPath(member.String(), dir))
		} else if s, secret := member.Addr().Interface().(*Secret); secret && s.scheme == "file" {
			s.name = rootPath(s.name, dir)
		} else {
			rootPaths(member, dir)
		}
	}
}

func rootPath(path, dir string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
