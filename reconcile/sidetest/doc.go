// Package sidetest holds a side in memory, for tests of the engine, and the
// suite that every [reconcile.Side] passes, the one in memory like the real
// ones.
//
//	xivo := sidetest.NewXiVO("userfield", fields)
//	id := xivo.Put("ann", map[string]string{"firstname": "Ann"})
//	xivo.Set(id, "firstname", "Anne") // behind the engine's back
package sidetest
