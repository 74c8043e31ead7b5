package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Open commits a unit with all its changes; the first has its intent. The
// changes take run and unit number from the unit. Every number is used once:
// another unit or change of the same number is an error.
func (db *DB) Open(unit record.Unit) error {
	return db.update(func(tx *bolt.Tx) error {
		if err := db.putUnit(tx, unit, false); err != nil {
			return err
		}
		return openBucket.in(tx).Put(unitKey(unit), nil)
	})
}

// unitKey is the key of a unit.
func unitKey(u record.Unit) []byte { return pairKey(u.Run, uint64(u.Number)) }

// putUnit stores a unit that is not there yet, with its changes.
func (db *DB) putUnit(tx *bolt.Tx, unit record.Unit, closed bool) error {
	if err := needRun(tx, unit.Run); err != nil {
		return err
	}
	if len(unit.Changes) == 0 {
		return fmt.Errorf("unit %d of run %d has no changes", unit.Number, unit.Run)
	}
	units := unitBucket.rising(tx)
	if units.Get(unitKey(unit)) != nil {
		return fmt.Errorf("unit %d of run %d is in the journal already", unit.Number, unit.Run)
	}
	row := &unitRow{Closed: closed}
	for i, c := range unit.Changes {
		c.Run, c.Unit = unit.Run, unit.Number
		c.Step = firstStep(c.Step, i, closed)
		if err := db.addChange(tx, c); err != nil {
			return err
		}
		row.Seqs = append(row.Seqs, c.Seq)
	}
	value, err := encode(unitKey(unit), row)
	if err != nil {
		return err
	}
	return units.Put(unitKey(unit), value)
}

// firstStep is where a change of a new unit stands: the first has its intent,
// and those of a unit that is closed from the start are done.
func firstStep(given record.Step, i int, closed bool) record.Step {
	switch {
	case closed && (given == record.Planned || given == record.Intent):
		return record.Done
	case !closed && i == 0:
		return record.Intent
	}
	return given
}

// addChange stores a change that is not there yet, with its index rows.
func (db *DB) addChange(tx *bolt.Tx, c record.Change) error {
	key := pairKey(c.Run, c.Seq)
	if changeBucket.in(tx).Get(key) != nil {
		return fmt.Errorf("change %s is in the journal already", c.ID())
	}
	row, err := db.seal.newChangeRow(c)
	if err != nil {
		return err
	}
	if err := useNumber(linkBucket.in(tx), c.Link); err != nil {
		return fmt.Errorf("change %s: %w", c.ID(), err)
	}
	for _, index := range indexesOf(c.Run, c.Seq, row) {
		if err := index.bucket.in(tx).Put(index.key, nil); err != nil {
			return fmt.Errorf("change %s: %w", c.ID(), err)
		}
	}
	return putChange(tx, key, row)
}

// putChange stores a change.
func putChange(tx *bolt.Tx, key []byte, row *changeRow) error {
	value, err := encode(key, row)
	if err != nil {
		return err
	}
	return changeBucket.rising(tx).Put(key, value)
}

// index is a row of an index.
type index struct {
	bucket bucket
	key    []byte
}

// indexesOf returns the index rows of a change.
func indexesOf(run, seq uint64, row *changeRow) (rows []index) {
	if row.Link != 0 {
		rows = append(rows, index{byLinkBucket, indexKey(numberKey(row.Link), run, seq)})
	}
	if row.Entry != "" {
		rows = append(rows, index{byEntryBucket, indexKey(entryPrefix(string(row.Entry)), run, seq)})
	}
	return rows
}

// Settle commits, in one transaction, the outcome of the change at index i
// (Step, Error, and Key as they are in the unit) with its effect; then, unless
// the unit ends here, the intent of the change at index next, with its Key. A
// next of -1 closes the unit. A unit that is not open is an error that wraps
// [ErrNotFound].
func (db *DB) Settle(unit record.Unit, i, next int, effect reconcile.Effect) error {
	if i < 0 || i >= len(unit.Changes) || next < -1 || next >= len(unit.Changes) {
		return fmt.Errorf("settle unit %d of run %d: no change %d, or none %d to follow", unit.Number, unit.Run, i, next)
	}
	return db.update(func(tx *bolt.Tx) error {
		if openBucket.in(tx).Get(unitKey(unit)) == nil {
			return fmt.Errorf("open unit %d of run %d: %w", unit.Number, unit.Run, ErrNotFound)
		}
		if err := stepOn(tx, unit, i, unit.Changes[i].Step); err != nil {
			return err
		}
		if err := goOn(tx, unit, next); err != nil {
			return err
		}
		return db.putEffect(tx, effect)
	})
}

// goOn commits the intent of the next change, or closes the unit.
func goOn(tx *bolt.Tx, unit record.Unit, next int) error {
	if next >= 0 {
		return stepOn(tx, unit, next, record.Intent)
	}
	var row unitRow
	if err := getUnit(tx, unitKey(unit), &row); err != nil {
		return err
	}
	row.Closed = true
	value, err := encode(unitKey(unit), &row)
	if err != nil {
		return err
	}
	if err := openBucket.in(tx).Delete(unitKey(unit)); err != nil {
		return err
	}
	return unitBucket.in(tx).Put(unitKey(unit), value)
}

// stepOn stores where the change at index i now stands. What was sealed stays as
// it is.
func stepOn(tx *bolt.Tx, unit record.Unit, i int, step record.Step) error {
	c := unit.Changes[i]
	key := pairKey(unit.Run, c.Seq)
	var row changeRow
	if err := getChange(tx, key, &row); err != nil {
		return err
	}
	if row.Unit != unit.Number {
		return fmt.Errorf("change %d/%d belongs to unit %d, not %d", unit.Run, c.Seq, row.Unit, unit.Number)
	}
	row.Step, row.Error, row.Key = step, text(c.Error), text(c.Key)
	return putChange(tx, key, &row)
}

// getUnit reads a stored unit.
func getUnit(tx *bolt.Tx, key []byte, row *unitRow) error {
	run, number := keyPair(key)
	value := unitBucket.in(tx).Get(key)
	if value == nil {
		return fmt.Errorf("unit %d of run %d: %w", number, run, ErrNotFound)
	}
	if err := decode(key, value, row); err != nil {
		return fmt.Errorf("unit %d of run %d: %w", number, run, err)
	}
	return nil
}

// getChange reads a stored change.
func getChange(tx *bolt.Tx, key []byte, row *changeRow) error {
	run, seq := keyPair(key)
	value := changeBucket.in(tx).Get(key)
	if value == nil {
		return fmt.Errorf("change %d/%d: %w", run, seq, ErrNotFound)
	}
	if err := decode(key, value, row); err != nil {
		return fmt.Errorf("change %d/%d: %w", run, seq, err)
	}
	return nil
}

// Unclosed returns the units that a crash left open, oldest first.
func (db *DB) Unclosed() (units []record.Unit, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		return openBucket.in(tx).ForEach(func(key, _ []byte) error {
			unit, err := db.unit(tx, key)
			units = append(units, unit)
			return err
		})
	})
	return units, err
}

// unit reads a unit with its changes.
func (db *DB) unit(tx *bolt.Tx, key []byte) (unit record.Unit, err error) {
	var row unitRow
	if err := getUnit(tx, key, &row); err != nil {
		return unit, err
	}
	run, number := keyPair(key)
	unit = record.Unit{Run: run, Number: int(number), Closed: row.Closed}
	for _, seq := range row.Seqs {
		c, err := db.change(tx, pairKey(run, seq))
		if err != nil {
			return unit, err
		}
		unit.Changes = append(unit.Changes, c)
	}
	return unit, nil
}

// change reads a change and opens its boxes.
func (db *DB) change(tx *bolt.Tx, key []byte) (record.Change, error) {
	var row changeRow
	if err := getChange(tx, key, &row); err != nil {
		return record.Change{}, err
	}
	run, seq := keyPair(key)
	return db.seal.change(run, seq, &row)
}
