package reconcile

import (
	"context"
	"fmt"
	"time"

	"xivosync/reconcile/record"
)

// read reads both sides: XiVO by its listing, the directory by what changed in it
// where an incremental run is wanted and possible, else by its listing, too.
func (e *Engine) read(ctx context.Context, p *Plan, opt *Options) error {
	follower, follows := e.LDAP.(Follower)
	wanted := opt.Mode == record.Incremental
	if wanted {
		p.FullBecause = e.cannotFollow(p, follows, opt)
		if p.FullBecause == "" {
			inc := &increment{Engine: e, follower: follower, memory: p.memory}
			err := inc.read(ctx, *opt)
			if p.FullBecause = inc.Refused; err != nil || inc.Refused == "" {
				p.seen, p.store.Cursor = inc.o, &inc.Next
				return err
			}
		}
		e.Log.Info("the run reads everybody", "reason", p.FullBecause)
		opt.Mode, p.Mode = record.Full, record.Full
	}
	p.store.Cursor = nil
	if follows && (wanted || p.memory.Cursor != nil) && len(opt.Only) == 0 {
		// Before the listing: what changes meanwhile is seen twice rather than never.
		at, err := follower.Position(ctx)
		if err != nil {
			return err
		}
		if len(at.Position) > 0 {
			p.store.Cursor = &at
		}
	}
	var err error
	p.seen, err = e.observe(ctx, *opt)
	return err
}

// cannotFollow says why everybody has to be read, or "".
func (e *Engine) cannotFollow(p *Plan, follows bool, opt *Options) string {
	mem := p.memory
	switch {
	case !follows:
		return "this directory cannot tell what changed"
	case len(opt.Only) > 0:
		return "only some people are to be looked at"
	case mem.Cursor == nil:
		return "no earlier run left a position from which changes could be followed"
	case mem.LDAP != p.store.LDAP || mem.XiVO != p.store.XiVO:
		return "the directory or XiVO is not that of the last run"
	case mem.Scope != e.Settings.Scope:
		return "base, filter or identifier changed since the last run"
	case mem.Mapping != e.Settings.Mapped:
		return "the mapping changed since the last run"
	case mem.Configured != e.Settings.Fingerprint:
		return "the configuration changed since the last run"
	case mem.SeenLDAP == 0:
		return "the last run saw nobody"
	}
	return ""
}

// increment is the reading of an incremental run.
type increment struct {
	*Engine
	record.Increment
	follower Follower
	memory   Memory
	o        *observation
	// known are the records that were read, by id.
	known map[string]*record.Record
	// suspects are the links whose entry may be gone.
	suspects []int
}

// Nobody is taken for gone because the changes say so, since what they do not
// show depends on rights and on what the server still remembers: they make a
// person suspected, and only a complete listing of ids makes a suspect absent.
func (i *increment) read(ctx context.Context, opt Options) (err error) {
	if i.o, err = i.newObservation(opt); err != nil {
		return err
	}
	i.o.partial = true
	ids, err := i.stillOpen(ctx)
	if err != nil {
		return err
	}
	i.progress("reading the changes of the directory")(0)
	if i.Increment, err = i.follower.Follow(ctx, *i.memory.Cursor, ids); err != nil || i.Refused != "" {
		return err
	}
	if err := i.o.readSide(i.XiVO.List(ctx, opt.depth()), i.Engine.progress("reading XiVO"), i.noteUser(i.o, opt.depth())); err != nil {
		return err
	}
	i.known = make(map[string]*record.Record, len(i.Records))
	for n := range i.Records {
		i.known[i.Records[n].ID] = &i.Records[n]
	}
	if err := i.confirm(ctx); err != nil {
		return err
	}
	if err := i.namesakes(ctx); err != nil {
		return err
	}
	elsewhere, err := i.renamed(ctx)
	if err != nil {
		return err
	}
	i.note(elsewhere)
	return i.rights(ctx)
}

// stillOpen lists the ids of the entries that have to be read though nothing may
// have changed about them.
func (i *increment) stillOpen(ctx context.Context) ([]string, error) {
	open := map[string]bool{}
	for _, l := range i.o.links {
		if l.Attention || l.Stale || l.Halfway || l.Deactivated && i.ripens(l) {
			open[l.Entry] = true
		}
	}
	for c, err := range i.Store.Conflicts() {
		if err != nil {
			return nil, fmt.Errorf("read the conflicts: %w", err)
		}
		open[c.Entry] = true
	}
	for h, err := range i.Store.Holds() {
		if err != nil {
			return nil, fmt.Errorf("read the holds: %w", err)
		}
		open[h.Entry] = true
	}
	delete(open, "")
	return sortedKeys(open), nil
}

// confirm lists who is there, where it matters whether a suspect is, and marks
// everybody.
func (i *increment) confirm(ctx context.Context) error {
	if !i.suspect() {
		i.o.ldap.total = i.memory.SeenLDAP
		for n := range i.o.links {
			i.o.ldap.seen[n] = true
		}
		for _, n := range i.suspects {
			i.o.ldap.seen[n] = false
		}
		return nil
	}
	i.o.scanned = true
	report := i.progress("listing who is in the directory")
	for id, err := range i.follower.Present(ctx) {
		if err != nil {
			return err
		}
		if n, linked := i.o.byEntry[id]; linked {
			i.o.ldap.seen[n] = true
		}
		if i.o.ldap.total++; i.o.ldap.total%500 == 0 {
			report(i.o.ldap.total)
		}
	}
	return i.returned(ctx)
}

// suspect collects the suspects. It tells whether it matters if they are there:
// not if what follows from it is done, or has to wait anyway.
func (i *increment) suspect() (matters bool) {
	for n := range i.o.links {
		l := &i.o.links[n]
		if i.known[l.Entry] != nil || !i.Suspect(l.Entry) && l.Missed == 0 {
			continue
		}
		i.suspects = append(i.suspects, n)
		matters = matters || !i.done(n) && (l.Missed == 0 || i.countsNow(l))
	}
	return matters || i.Blind && i.overdue()
}

// longestUnlisted is how long nobody lists who is in a directory that does not show
// what is gone.
const longestUnlisted = time.Hour

// overdue tells whether all who are there have to be listed, since the changes do not
// show who is gone: as seldom as makes little difference to when an absence is ripe.
// Full runs list everybody anyway.
func (i *increment) overdue() bool {
	since := i.now().Sub(i.memory.Listed)
	return since < 0 || since >= min(longestUnlisted, i.Settings.Removal.AbsentFor/24)
}

// done tells whether all that an absence leads to has been done: then nothing
// more is concluded from it.
func (i *increment) done(n int) bool {
	l := i.o.links[n]
	return l.Deactivated && !l.Halfway && i.o.xivo.seen[n] && !i.ripens(l)
}

// countsNow tells whether one more complete listing without the entry would
// change anything: it is needed to make the absence count, or makes it ripe.
func (i *increment) countsNow(l *record.Link) bool {
	r := i.Settings.Removal
	return l.Missed+1 < r.AbsentRuns || i.now().Sub(l.Absent) >= r.AbsentFor
}

// returned reads the suspects that are there after all: a listing may be a moment
// older or younger than the changes.
func (i *increment) returned(ctx context.Context) error {
	for _, n := range i.suspects {
		if !i.o.ldap.seen[n] {
			continue
		}
		entry, err := i.LDAP.Read(ctx, i.o.links[n].Entry)
		switch {
		case err == nil:
			i.known[entry.ID] = &entry
		case record.ClassOf(err) == record.Missing:
			i.o.ldap.seen[n] = false
		default:
			return err
		}
	}
	return nil
}

// namesakes looks for others with the identifier of everybody who is new or has
// another one than before: they may be people of whom nothing is known here.
func (i *increment) namesakes(ctx context.Context) error {
	for _, id := range sortedKeys(i.known) {
		r := i.known[id]
		if n, linked := i.o.byEntry[id]; r.Identifier == "" || r.Identifier == r.ID || linked && i.o.links[n].Identifier == r.Identifier {
			continue
		}
		if err := i.find(ctx, r.Identifier); err != nil {
			return err
		}
	}
	for c, err := range i.Store.Conflicts() {
		if err != nil {
			return fmt.Errorf("read the conflicts: %w", err)
		}
		if c.Kind == record.DuplicateIdentifier && !c.Raw.LDAP.Empty() {
			if err := i.find(ctx, c.Raw.LDAP.First()); err != nil {
				return err
			}
		}
	}
	for _, identifier := range i.Settings.Guards.Canaries {
		if err := i.find(ctx, identifier); err != nil {
			return err
		}
	}
	return nil
}

// find reads whoever carries an identifier, unless it is known anyway.
func (i *increment) find(ctx context.Context, identifier string) error {
	found, err := i.LDAP.Find(ctx, identifier)
	if err != nil {
		return err
	}
	for n := range found {
		if r := &found[n]; i.known[r.ID] == nil {
			i.known[r.ID] = r
		}
	}
	return nil
}

// renamed finds the links whose entry no longer carries the identifier that was
// last known, where somebody else seems to carry it, too: of a leaver the change
// of an identifier waits for the return, so that the store does not tell it.
func (i *increment) renamed(ctx context.Context) (map[int]bool, error) {
	carriers := make(map[uint64]int, len(i.o.links))
	for _, r := range i.known {
		carriers[hashed(r.Identifier)]++
	}
	unread := func(n int) bool {
		l := &i.o.links[n]
		return l.Identifier != "" && i.o.ldap.seen[n] && i.known[l.Entry] == nil
	}
	for n := range i.o.links {
		if unread(n) {
			carriers[hashed(i.o.links[n].Identifier)]++
		}
	}
	out := map[int]bool{}
	for n := range i.o.links {
		l := &i.o.links[n]
		if !unread(n) || carriers[hashed(l.Identifier)] == 1 {
			continue
		}
		if err := i.find(ctx, l.Identifier); err != nil {
			return nil, err
		}
		out[n] = i.known[l.Entry] == nil
	}
	return out, nil
}

// note takes in what was read, and the identifiers of the others as they were last
// known, but for those who carry another one. Whoever is suspected and was not looked for is left alone.
func (i *increment) note(elsewhere map[int]bool) {
	for id := range i.known {
		if n, linked := i.o.byEntry[id]; linked {
			i.o.ldap.seen[n] = true
		}
	}
	for n := range i.o.links {
		if l := &i.o.links[n]; i.o.ldap.seen[n] && i.known[l.Entry] == nil && !elsewhere[n] {
			i.o.ldap.carries(l.Identifier, l.Entry)
		}
	}
	for _, n := range i.suspects {
		if !i.o.scanned && !i.o.ldap.seen[n] && !i.done(n) {
			i.o.unsure = append(i.o.unsure, n)
		}
	}
	total, take := i.o.ldap.total, i.noteEntry(i.o)
	for _, id := range sortedKeys(i.known) {
		take(i.known[id])
	}
	i.o.ldap.total = total
}

// covered tells whether nobody is left of whom the store says nothing: a later
// incremental run would not find them.
func (r *runner) covered(plan *Plan) bool {
	told := map[string]bool{}
	for _, c := range r.report.Found {
		told[c.Entry] = true
	}
	if plan.store.Cursor == nil {
		return false
	}
	for _, p := range plan.people {
		if p.setsFree() {
			r.Log.Info("the next run reads everybody", "reason", "an entry lost its link, and nothing in the store would remind of it", "record", p.Who().Label())
			return false
		}
		stored := p.origin == fromLink || p.state.Number != 0 && p.next.User != ""
		if !stored && p.attention() && !told[p.entryID()] {
			r.Log.Info("the next run reads everybody", "reason", "nothing in the store would remind of a person who was left", "record", p.Who().Label())
			return false
		}
	}
	return true
}

// setsFree tells whether an entry that is there, for all that is known, is nobody's
// after the run: it has to be looked at as if it were new.
func (p *person) setsFree() bool {
	return p.rebound || p.life != nil && p.life.Op == record.Unlink && !p.missed
}
