// Package storetest holds what every reconcile.Store has to do, as a list of
// tests, and the small store in memory that the engine's own tests use.
//
// An implementation runs the list with a function that makes a fresh store and
// returns how to open it: each call closes what was open and opens the store
// again, with everything that was committed.
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) func() reconcile.Store {
//			m := storetest.NewMemory()
//			return func() reconcile.Store { return m }
//		})
//	}
package storetest
