package storetest

import (
	"testing"

	"xivosync/reconcile"
)

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) func() reconcile.Store {
		m := NewMemory()
		return func() reconcile.Store { return m }
	})
}
