package reconcile_test

import (
	"fmt"
	"syscall"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// disk runs out of room at one of the store's writes.
type disk struct {
	at, count int
	// kept tells that the write is there all the same: the file system failed only
	// when it was told to make sure.
	kept bool
	// forever tells that there is no room for anything afterwards either.
	forever bool
	// full tells that a write has failed.
	full bool
}

func (d *disk) write(do func() error) error {
	d.count++
	if d.count != d.at && !(d.full && d.forever) {
		return do()
	}
	if d.count == d.at && d.kept {
		if err := do(); err != nil {
			return err
		}
	}
	d.full = true
	return fmt.Errorf("write store: nothing of this step was kept, make room on its disk: %w", syscall.ENOSPC)
}

// cramped is a store on such a disk.
type cramped struct {
	reconcile.Store
	*disk
}

func (s cramped) Save(states []record.State) error {
	return s.write(func() error { return s.Store.Save(states) })
}

func (s cramped) Touch(links []record.Link) error {
	return s.write(func() error { return s.Store.Touch(links) })
}

func (s cramped) Forget(links []uint64) error {
	return s.write(func() error { return s.Store.Forget(links) })
}

func (s cramped) Remember(m reconcile.Memory) error {
	return s.write(func() error { return s.Store.Remember(m) })
}

func (s cramped) Configure(digests map[string]record.Digest) error {
	return s.write(func() error { return s.Store.Configure(digests) })
}

func (s cramped) Begin(run record.Run) (out record.Run, err error) {
	err = s.write(func() (err error) { out, err = s.Store.Begin(run); return err })
	return out, err
}

func (s cramped) Finish(run record.Run) error {
	return s.write(func() error { return s.Store.Finish(run) })
}

func (s cramped) Open(u record.Unit) error { return s.write(func() error { return s.Store.Open(u) }) }

func (s cramped) Settle(u record.Unit, i, next int, effect reconcile.Effect) error {
	return s.write(func() error { return s.Store.Settle(u, i, next, effect) })
}

func (s cramped) Adopt(units []record.Unit, effect reconcile.Effect) error {
	return s.write(func() error { return s.Store.Adopt(units, effect) })
}

func (s cramped) Keep(effect reconcile.Effect) error {
	return s.write(func() error { return s.Store.Keep(effect) })
}

func (s cramped) UpdateMail(m record.Mail) error {
	return s.write(func() error { return s.Store.UpdateMail(m) })
}

func (s cramped) Hold(holds ...record.Hold) error {
	return s.write(func() error { return s.Store.Hold(holds...) })
}

func (s cramped) Release(numbers ...uint64) error {
	return s.write(func() error { return s.Store.Release(numbers...) })
}

func (s cramped) Reconcile(run uint64, now time.Time, found []record.Conflict, examined func(record.Conflict) bool) error {
	return s.write(func() error { return s.Store.Reconcile(run, now, found, examined) })
}
