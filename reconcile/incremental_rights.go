package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// An account that loses its right to read an attribute makes no change that a
// follower would see; but whoever changes for another reason then seems to have
// lost the value. A full run notices by the many who lost it at once. An
// incremental one asks witnesses: people who did not change and had a value.
const (
	// witnesses is how many have to have lost it for the right to be lost.
	witnesses = 3
	// mostAsked bounds how many people's states are looked at to find them.
	mostAsked = 5000
)

// rights finds the attributes that the account does not read any more.
func (i *increment) rights(ctx context.Context) error {
	emptied, err := i.emptied()
	if err != nil {
		return err
	}
	for _, attribute := range emptied {
		lost, err := i.lost(ctx, attribute)
		if err != nil {
			return err
		}
		if lost {
			i.o.unreadable = append(i.o.unreadable, attribute)
		}
	}
	return nil
}

// emptied lists the attributes, of those that many people have, which somebody
// who changed has no more.
func (i *increment) emptied() ([]string, error) {
	found := map[string]bool{}
	for _, n := range i.o.changedEntries() {
		state, err := i.Store.State(i.o.links[n].Number)
		if err != nil {
			return nil, fmt.Errorf("read the state of %s: %w", i.o.links[n].Identifier, err)
		}
		for _, m := range i.Settings.Fields {
			if a := m.Attribute; m.Compared() && i.memory.Filled[a] >= smallSource &&
				i.o.ldap.changed[n].Values[a].Empty() && !state.Fields[m.Field.Name].LDAP.Empty() {
				found[a] = true
			}
		}
	}
	return sortedKeys(found), nil
}

// changedEntries are the links whose entry is to be looked at, in order.
func (o *observation) changedEntries() (links []int) {
	for n := range o.ldap.changed {
		links = append(links, n)
	}
	slices.Sort(links)
	return links
}

// lost asks witnesses for an attribute. One who still shows it settles the matter,
// and so does having none.
func (i *increment) lost(ctx context.Context, attribute string) (bool, error) {
	without := 0
	for n := range i.o.links[:min(len(i.o.links), mostAsked)] {
		l := &i.o.links[n]
		if !i.o.ldap.seen[n] || i.known[l.Entry] != nil || l.Deactivated {
			continue
		}
		state, err := i.Store.State(l.Number)
		if err != nil {
			return false, fmt.Errorf("read the state of %s: %w", l.Identifier, err)
		}
		had := slices.ContainsFunc(i.Settings.Fields, func(m Mapping) bool {
			return m.Compared() && m.Attribute == attribute && !state.Fields[m.Field.Name].LDAP.Empty()
		})
		if !had {
			continue
		}
		entry, err := i.LDAP.Read(ctx, l.Entry)
		if err != nil && record.ClassOf(err) == record.Missing {
			continue // just now
		}
		if err != nil {
			return false, err
		}
		if !entry.Values[attribute].Empty() {
			return false, nil
		}
		if without++; without == witnesses {
			return true, nil
		}
	}
	return false, nil
}
