package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"xivosync/targets/xivo/xivosim"
)

// restore reads the content of the simulated XiVO; a file that is not there yet
// leaves it as installed.
func (s *simulation) restore(sim *xivosim.Sim) error {
	if s.data == "" {
		return nil
	}
	text, err := os.Open(s.data)
	if errors.Is(err, fs.ErrNotExist) {
		_, err := os.Stat(filepath.Dir(s.data)) // better now than when all is to be written
		return err
	}
	if err != nil {
		return err
	}
	defer text.Close()
	if err := sim.Load(text); err != nil {
		return fmt.Errorf("read %s: %w", s.data, err)
	}
	return nil
}

// save writes the content, through a file beside it, so that a crash leaves the
// old one whole.
func (s *simulation) save(sim *xivosim.Sim) error {
	if s.data == "" {
		return nil
	}
	return replaceFile(s.data, sim.Dump)
}
