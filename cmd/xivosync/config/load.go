package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/targets/xivo"
)

// ErrUnreadable is returned when the file could not be read at all.
var ErrUnreadable = errors.New("read configuration")

// Load reads and checks a file. Relative paths in it begin at its folder. The
// error is [Errors] where the file could be read.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	cfg, err := Parse(path, text)
	if err != nil {
		return nil, err
	}
	return cfg, cfg.rooted(path)
}

// Parse reads and checks a configuration; name stands for the file in errors,
// which are all returned at once as [Errors].
func Parse(name string, text []byte) (*Config, error) {
	doc, err := newDocument(name, text)
	if err != nil {
		return nil, err
	}
	cfg := Default()
	found := &findings{doc: doc}
	decoder{found}.table("", reflect.ValueOf(cfg).Elem(), doc.tree)
	inherit(cfg, doc, xivo.Fields())
	check(cfg, found, xivo.Fields())
	if err := found.result(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// inherit gives fields that people change themselves the direction initial,
// where the file names none.
func inherit(cfg *Config, doc *document, fields []record.Field) {
	for _, field := range fields {
		f, mapped := cfg.Fields[field.Name]
		if mapped && field.Initial && !doc.given(join("fields", field.Name)+".direction") {
			f.Direction = reconcile.Initial
			cfg.Fields[field.Name] = f
		}
	}
}

// Default returns the configuration of an empty file. It is not complete: the
// servers are missing.
func Default() *Config {
	cfg := &Config{}
	setDefaults(reflect.ValueOf(cfg).Elem())
	return cfg
}
