package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// bucket names one bucket. All of them exist in every store.
type bucket string

// The buckets, with their keys → values. Numbers are 8 bytes, big endian, so
// that keys sort as numbers do.
const (
	metaBucket     bucket = "meta"            // name → see the meta keys
	linkBucket     bucket = "link"            // link → packed row; its sequence is the highest number ever
	stateBucket    bucket = "state"           // link → JSON
	formerBucket   bucket = "former"          // user → entry
	runBucket      bucket = "run"             // run → JSON; its sequence is the last number
	unitBucket     bucket = "unit"            // run, unit → JSON
	openBucket     bucket = "unit_open"       // run, unit → nothing, while the unit is open
	changeBucket   bucket = "change"          // run, seq → JSON
	byLinkBucket   bucket = "change_by_link"  // link, run, seq → nothing
	byEntryBucket  bucket = "change_by_entry" // length of entry, entry, run, seq → nothing
	conflictBucket bucket = "conflict"        // number → JSON; its sequence is the last number
	byKeyBucket    bucket = "conflict_by_key" // record.Conflict.Key → number, unless it is closed
	holdBucket     bucket = "hold"            // number → JSON; its sequence is the last number
	holdKeyBucket  bucket = "hold_by_key"     // record.Hold.Key → number
	mailBucket     bucket = "outbox"          // number → JSON; its sequence is the last number
	mailKeyBucket  bucket = "outbox_by_key"   // record.Mail.Key → number
	undoneBucket   bucket = "rolled_back"     // run, the rollback that took it back → nothing
)

// The keys of the meta bucket.
const (
	metaSchema  = "schema"  // the schema's number, 8 bytes
	metaProgram = "program" // the program that wrote this schema first
	metaKey     = "key"     // the mark of the key that secrets are sealed with
	metaMemory  = "memory"  // JSON of reconcile.Memory
	metaConfig  = "config"  // JSON of the configuration's digests by key
)

// buckets returns every bucket there is in the newest schema.
func buckets() []bucket {
	return []bucket{
		metaBucket, linkBucket, stateBucket, formerBucket, runBucket, unitBucket, openBucket,
		changeBucket, byLinkBucket, byEntryBucket, conflictBucket, byKeyBucket, holdBucket, holdKeyBucket, undoneBucket, mailBucket, mailKeyBucket,
	}
}

// in returns the bucket in a transaction. Opening has made sure that it exists.
func (b bucket) in(tx *bolt.Tx) *bolt.Bucket { return tx.Bucket([]byte(b)) }

// rising returns the bucket for keys that are mostly added at its end, so that
// pages are filled almost to the brim.
func (b bucket) rising(tx *bolt.Tx) *bolt.Bucket {
	in := b.in(tx)
	in.FillPercent = 0.9
	return in
}

// numberKey is the key of one number: a link, a run, a conflict.
func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// keyNumber reads the last number of a key.
func keyNumber(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key[len(key)-8:])
}

// pairKey is the key of a unit (run, unit) or a change (run, seq).
func pairKey(run, n uint64) []byte {
	return binary.BigEndian.AppendUint64(numberKey(run), n)
}

// keyPair reads the last two numbers of a key.
func keyPair(key []byte) (run, n uint64) {
	if len(key) < 16 {
		return 0, 0
	}
	return keyNumber(key[:len(key)-8]), keyNumber(key)
}

// entryPrefix is what the index keys of one entry begin with. The length comes
// first, so that no entry's prefix begins another's.
func entryPrefix(entry string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(entry))), entry...)
}

// indexKey is the key of a change below a link's or an entry's prefix.
func indexKey(prefix []byte, run, seq uint64) []byte {
	key := make([]byte, 0, len(prefix)+16)
	key = append(key, prefix...)
	key = binary.BigEndian.AppendUint64(key, run)
	return binary.BigEndian.AppendUint64(key, seq)
}

// after returns the first key that sorts behind all keys with the prefix; nil
// where there is none.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
