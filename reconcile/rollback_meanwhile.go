package reconcile

import (
	"fmt"

	"xivosync/reconcile/record"
)

// holdMeanwhile holds everybody whom a rollback is about as a whole, before its first
// write. Nothing but the rollback knows what is meant by the half of it that a crash
// leaves: a run in between leaves them alone, whatever becomes of the entry, and the
// same rollback once more goes on.
func (b *rollback) holdMeanwhile(people []*person) error {
	var all []record.Hold
	for _, p := range people {
		h := b.newHold(p, wholePerson)
		h.Run = b.self
		h.Why += ", which did not come to its end: ask for it again"
		h.Source = b.opt.Field
		old, held := p.holds[wholePerson]
		if held && byHand(old) || h.Entry+h.User == "" {
			continue
		}
		if held && old.Side == "" && old.Source != h.Source {
			h.Source = "" // it goes on with only a part of what is left to do
		}
		all = append(all, h)
	}
	return b.Store.Hold(all...)
}

// byHand tells whether somebody set the hold: no rollback has a say then.
func byHand(h record.Hold) bool { return h.Run == 0 }

// holdRestored holds what was restored instead, and ends the holds of a rollback that
// was itself taken back. Whoever is half rolled back stays held.
func (b *rollback) holdRestored(people []*person) error {
	half, stays := map[string]bool{}, map[string]bool{}
	for _, p := range people {
		if !p.through() {
			half[b.newHold(p, wholePerson).Key()] = true
		}
	}
	var former, restored []record.Hold // an entry that had two users may have both
	var ended []uint64
	for _, p := range people {
		if !p.through() {
			continue
		}
		h, held := p.holds[wholePerson]
		for _, old := range p.undo.ended {
			switch {
			case !p.kept(old.Field):
			case old.Field == wholePerson:
				held = false
			default:
				ended = append(ended, old.Number)
			}
		}
		if held && b.outlasts(p, h) && !half[h.Key()] {
			former, stays[h.Key()] = append(former, h), true
		}
		for _, h := range p.undo.holds {
			if h.Run = b.self; p.kept(h.Field) && !(h.Field == wholePerson && half[h.Key()]) {
				restored, stays[h.Key()] = append(restored, h), true
			}
		}
	}
	if err := b.Store.Hold(append(former, restored...)...); err != nil {
		return err
	}
	for h, err := range b.Store.Holds() {
		if err != nil {
			return fmt.Errorf("read the holds: %w", err)
		}
		if (h.Run == b.self || b.overtaken(h)) && !stays[h.Key()] && !half[h.Key()] {
			ended = append(ended, h.Number)
		}
	}
	return b.Store.Release(ended...)
}

// overtaken tells whether a hold waits for a rollback to go on that is itself taken
// back now, in whole: also of people whom it had not come to.
func (b *rollback) overtaken(h record.Hold) bool {
	return h.Field == wholePerson && h.Side == "" && b.takesBack(h.Run) && len(b.opt.Only) == 0 && b.opt.Field == ""
}

// outlasts tells whether a hold of a whole person that was there before stays. One that
// waits for a rollback to go on, or to be taken back, ends only where that is done now
// in full: neither with a single field, unless that was all of it, nor where a saved
// plan does not list the rest. What an earlier rollback left for good is made anew by
// the same rollback in full.
func (b *rollback) outlasts(p *person, h record.Hold) bool {
	waits := h.Side == ""
	switch {
	case !b.earlier[h.Run] && !(waits && b.takesBack(h.Run)), b.opt.Approved != nil && (p.skipped || p.dropped):
		return true
	case waits && h.Source == b.opt.Field:
		return false
	}
	return b.opt.Field != ""
}

// through tells that nothing is left to do for the person. A user who is brought back
// must not be half there, either, since something was refused: a run would make up
// the rest, with other secrets.
func (p *person) through() bool {
	return p.left == 0 && !(p.undo.returns && p.failed && p.next.User != "")
}

// kept tells whether what a hold is about was restored; a person who was begun
// with is held as a whole.
func (p *person) kept(field string) bool {
	if field == wholePerson {
		return !p.failed || p.undo.restored[wholePerson]
	}
	return p.undo.restored[field] || field == string(record.Agent) && !p.failed
}
