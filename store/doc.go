// Package store keeps what has to outlive a run: links with their last-known
// values, the journal, the conflicts. It is one bbolt file, and [DB] is the
// engine's reconcile.Store.
//
// Invariants:
//
//   - One process writes. Everybody else is told who, by a [*Busy].
//   - What a method returns from without an error is on disk.
//   - No transaction is open while a caller's code runs: listings read a page,
//     close the transaction, yield, and seek on. A listing is therefore not a
//     snapshot of what is written meanwhile.
//   - A secret is never in clear in the file: the values of secret deltas and of
//     secret conflicts are sealed with a key that lies beside the file or in the
//     configuration.
//   - Bucket names and keys are made in keys.go and nowhere else.
//
// Values are JSON with a schema number, but for the link rows, which every run
// reads all of: they are packed.
//
//	db, err := store.Open("/var/lib/xivosync/state.db", store.Options{Program: "xivosync 1.0.0"})
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	run, err := db.Begin(record.Run{Mode: record.Full, Trigger: "timer"})
package store
