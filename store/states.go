package store

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Links lists all links without their values, in order of their numbers.
func (db *DB) Links() iter.Seq2[record.Link, error] {
	return walk[record.Link]{bucket: linkBucket, item: func(_ *bolt.Tx, k, v []byte) (record.Link, bool, error) {
		l, err := unpackLink(keyNumber(k), v)
		return l, true, err
	}}.in(db)
}

// State reads one link with its values. The error wraps [ErrNotFound] when no
// link has that number.
func (db *DB) State(link uint64) (state record.State, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		packed := linkBucket.in(tx).Get(numberKey(link))
		if packed == nil {
			return fmt.Errorf("link %d: %w", link, ErrNotFound)
		}
		if state.Link, err = unpackLink(link, packed); err != nil {
			return err
		}
		return getState(tx, &state)
	})
	return state, err
}

// getState reads the values of a link; one that was only touched has none.
func getState(tx *bolt.Tx, state *record.State) error {
	value := stateBucket.in(tx).Get(numberKey(state.Number))
	if value == nil {
		return nil
	}
	var row stateRow
	if err := decode(numberKey(state.Number), value, &row); err != nil {
		return fmt.Errorf("state of link %d: %w", state.Number, err)
	}
	state.Person, state.Fields = row.Person.person(), row.Fields
	return nil
}

// Save stores states that no write belongs to, in batches of 1,000: after an
// error some of them are stored and others are not.
func (db *DB) Save(states []record.State) error {
	return inBatches(db, inOrder(states), putState)
}

// inOrder sorts states by their numbers.
func inOrder(states []record.State) []record.State {
	return slices.SortedStableFunc(slices.Values(states), func(a, b record.State) int {
		return cmp.Compare(a.Number, b.Number)
	})
}

// putState stores a link with its values.
func putState(tx *bolt.Tx, s record.State) error {
	if err := putLink(tx, s.Link); err != nil {
		return err
	}
	value, err := encode(numberKey(s.Number), &stateRow{Person: newPersonRow(s.Person), Fields: s.Fields})
	if err != nil {
		return fmt.Errorf("state of link %d: %w", s.Number, err)
	}
	return stateBucket.rising(tx).Put(numberKey(s.Number), value)
}

// Touch stores only the link rows, in batches of 1,000.
func (db *DB) Touch(links []record.Link) error {
	sorted := slices.SortedStableFunc(slices.Values(links), func(a, b record.Link) int {
		return cmp.Compare(a.Number, b.Number)
	})
	return inBatches(db, sorted, putLink)
}

// putLink stores a link row, and remembers the pairing that it replaces.
func putLink(tx *bolt.Tx, l record.Link) error {
	if l.Number == 0 {
		return fmt.Errorf("link of entry %q and user %q has no number", l.Entry, l.User)
	}
	b := linkBucket.rising(tx)
	if err := keepFormer(tx, l.Number, l.User, l.Entry); err != nil {
		return err
	}
	if err := useNumber(b, l.Number); err != nil {
		return err
	}
	packed, err := packLink(l)
	if err != nil {
		return fmt.Errorf("link %d: %w", l.Number, err)
	}
	return b.Put(numberKey(l.Number), packed)
}

// keepFormer remembers the pairing that a link has until now, unless it stays.
func keepFormer(tx *bolt.Tx, link uint64, user, entry string) error {
	packed := linkBucket.in(tx).Get(numberKey(link))
	if packed == nil {
		return nil
	}
	old, err := unpackLink(link, packed)
	if err != nil {
		return err
	}
	if old.User == "" || old.Entry == "" || (old.User == user && old.Entry == entry) {
		return nil
	}
	return formerBucket.in(tx).Put([]byte(old.User), withSum([]byte(old.User), []byte(old.Entry)))
}

// Former returns the directory id that the XiVO user was linked to before its
// present link, if it has one, or "" when it never was.
func (db *DB) Former(user string) (entry string, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		value, err := needSum([]byte(user), formerBucket.in(tx).Get([]byte(user)))
		if err != nil {
			return fmt.Errorf("former entry of user %q: %w", user, err)
		}
		entry = string(value)
		return nil
	})
	return entry, err
}

// Forget removes links and their values, in batches of 1,000; Former keeps
// remembering them. Numbers that are not there are passed over.
func (db *DB) Forget(links []uint64) error {
	return inBatches(db, slices.Sorted(slices.Values(links)), func(tx *bolt.Tx, link uint64) error {
		if err := keepFormer(tx, link, "", ""); err != nil {
			return err
		}
		if err := linkBucket.in(tx).Delete(numberKey(link)); err != nil {
			return err
		}
		return stateBucket.in(tx).Delete(numberKey(link))
	})
}

// useNumber makes sure that the number is not given to another link.
func useNumber(links *bolt.Bucket, number uint64) error {
	if number <= links.Sequence() {
		return nil
	}
	return links.SetSequence(number)
}

// NextLink returns one more than the highest link number ever stored, forgotten
// links included, and those of changes that came to nothing.
func (db *DB) NextLink() (next uint64, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		next = linkBucket.in(tx).Sequence() + 1
		return nil
	})
	return next, err
}

// Digest returns the keyed digest of the texts, in order. Without a key (see
// [DB.KeyError]) it is zero.
func (db *DB) Digest(texts ...string) record.Digest { return db.seal.digest(texts) }

// memoryRow is how the memory is stored.
type memoryRow struct {
	stamp
	Memory reconcile.Memory `json:"memory"`
}

// Memory reads what the last complete run left; zero for an empty store.
func (db *DB) Memory() (reconcile.Memory, error) {
	var row memoryRow
	err := db.view(func(tx *bolt.Tx) error {
		value := metaBucket.in(tx).Get([]byte(metaMemory))
		if value == nil {
			return nil
		}
		if err := decode([]byte(metaMemory), value, &row); err != nil {
			return fmt.Errorf("memory: %w", err)
		}
		return nil
	})
	return row.Memory, err
}

// Remember replaces it.
func (db *DB) Remember(m reconcile.Memory) error {
	return db.update(func(tx *bolt.Tx) error {
		value, err := encode([]byte(metaMemory), &memoryRow{Memory: m})
		if err != nil {
			return fmt.Errorf("memory: %w", err)
		}
		return metaBucket.in(tx).Put([]byte(metaMemory), value)
	})
}
