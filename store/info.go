package store

import (
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// Info is what `state info` tells. Its JSON keys are stable.
type Info struct {
	Path string `json:"path"`
	// Size is that of the file in bytes.
	Size    int64  `json:"size"`
	Schema  uint64 `json:"schema"`
	Program string `json:"program"`
	Links   int    `json:"links"`
	Runs    int    `json:"runs"`
	Changes int    `json:"changes"`
	// Unclosed counts the units that a crash left open.
	Unclosed int `json:"unclosed"`
	// OpenConflicts counts those that are not closed.
	OpenConflicts int `json:"open_conflicts"`
	Holds         int `json:"holds"`
	// FirstRun and LastRun are the oldest and the newest that are kept; nil where
	// there is none.
	FirstRun *record.Run `json:"first_run"`
	LastRun  *record.Run `json:"last_run"`
	// LDAP and XiVO are the identities of the servers that the store is bound to.
	LDAP string `json:"ldap"`
	XiVO string `json:"xivo"`
	// Key says why secrets cannot be read; empty where they can.
	Key string `json:"key,omitempty"`
}

// Info looks at the store as a whole. It reads every page's header: about a
// second in a store of a gigabyte.
func (db *DB) Info() (Info, error) {
	info := Info{Path: db.path}
	stat, err := os.Stat(db.path)
	if err != nil {
		return info, fmt.Errorf("look at store: %w", err)
	}
	info.Size = stat.Size()
	if err := db.keyErr; err != nil {
		info.Key = err.Error()
	}
	memory, err := db.Memory()
	if err != nil {
		return info, err
	}
	info.LDAP, info.XiVO = memory.LDAP, memory.XiVO
	if info.Schema, info.Program, err = db.schema(); err != nil {
		return info, err
	}
	return info, db.view(func(tx *bolt.Tx) error { return info.count(tx) })
}

// count fills in the numbers, and the first and the last run.
func (info *Info) count(tx *bolt.Tx) (err error) {
	for b, n := range map[bucket]*int{
		linkBucket: &info.Links, runBucket: &info.Runs, changeBucket: &info.Changes,
		openBucket: &info.Unclosed, byKeyBucket: &info.OpenConflicts, holdBucket: &info.Holds,
	} {
		*n = b.in(tx).Stats().KeyN
	}
	c := runBucket.in(tx).Cursor()
	if info.FirstRun, err = runAt(c.First()); err != nil {
		return err
	}
	info.LastRun, err = runAt(c.Last())
	return err
}

// runAt reads the run of a row; nil where there is no row.
func runAt(key, value []byte) (*record.Run, error) {
	if key == nil {
		return nil, nil
	}
	run, err := decodeRun(key, value)
	return &run, err
}
