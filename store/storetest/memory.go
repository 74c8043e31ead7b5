package storetest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Memory is a store that forgets everything when the program ends: for tests of
// the engine, and the model that real stores are held against. It keeps copies,
// never the caller's slices and maps.
type Memory struct {
	mu           sync.Mutex
	states       map[uint64]record.State
	lastLink     uint64
	former       map[string]string
	memory       reconcile.Memory
	config       map[string]record.Digest
	runs         []record.Run
	units        []record.Unit
	conflicts    []record.Conflict
	lastConflict uint64
	held         []record.Hold
	lastHold     uint64
	mails        []record.Mail
}

var _ reconcile.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{states: map[uint64]record.State{}, former: map[string]string{}}
}

// locked runs fn while nobody else uses the store.
func locked[T any](m *Memory, fn func() T) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn()
}

// list yields copies that fn makes once the loop begins.
func list[T any](m *Memory, fn func() []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range locked(m, fn) {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// Links lists all links, in order of their numbers.
func (m *Memory) Links() iter.Seq2[record.Link, error] {
	return list(m, func() (links []record.Link) {
		for _, number := range slices.Sorted(maps.Keys(m.states)) {
			links = append(links, m.states[number].Link)
		}
		return links
	})
}

// State reads one link with its values.
func (m *Memory) State(link uint64) (record.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.states[link]
	if !ok {
		return s, fmt.Errorf("link %d is not in the store", link)
	}
	return copyState(s), nil
}

// Save stores states.
func (m *Memory) Save(states []record.State) error {
	return locked(m, func() error { return m.save(states) })
}

// save stores states in order of their numbers, as a store in batches does.
func (m *Memory) save(states []record.State) error {
	sorted := slices.SortedStableFunc(slices.Values(states), func(a, b record.State) int { return cmp.Compare(a.Number, b.Number) })
	for _, s := range sorted {
		if err := m.touch(s.Link); err != nil {
			return err
		}
		m.states[s.Number] = copyState(s)
	}
	return nil
}

// Touch stores only the link rows.
func (m *Memory) Touch(links []record.Link) error {
	return locked(m, func() error {
		for _, l := range links {
			if err := m.touch(l); err != nil {
				return err
			}
		}
		return nil
	})
}

// touch stores a link row, which has to have a number.
func (m *Memory) touch(l record.Link) error {
	if l.Number == 0 {
		return fmt.Errorf("link of entry %q and user %q has no number", l.Entry, l.User)
	}
	s := m.states[l.Number]
	m.keepFormer(s.Link, l)
	m.lastLink = max(m.lastLink, l.Number)
	s.Link = l
	m.states[l.Number] = s
	return nil
}

// keepFormer remembers the pairing that another one replaces.
func (m *Memory) keepFormer(old, l record.Link) {
	if old.User != "" && old.Entry != "" && (old.User != l.User || old.Entry != l.Entry) {
		m.former[old.User] = old.Entry
	}
}

// Former returns the directory id that the XiVO user was linked to before.
func (m *Memory) Former(user string) (string, error) {
	return locked(m, func() string { return m.former[user] }), nil
}

// Memory reads what the last complete run left.
func (m *Memory) Memory() (reconcile.Memory, error) {
	return locked(m, func() reconcile.Memory { return copyMemory(m.memory) }), nil
}

// Remember replaces it.
func (m *Memory) Remember(memory reconcile.Memory) error {
	return locked(m, func() error { m.memory = copyMemory(memory); return nil })
}

// Configuration reads what Configure kept.
func (m *Memory) Configuration() (map[string]record.Digest, error) {
	return locked(m, func() map[string]record.Digest { return maps.Clone(m.config) }), nil
}

// Configure replaces it.
func (m *Memory) Configure(digests map[string]record.Digest) error {
	return locked(m, func() error { m.config = maps.Clone(digests); return nil })
}

// NextLink returns one more than the highest link number ever stored.
func (m *Memory) NextLink() (uint64, error) {
	return locked(m, func() uint64 { return m.lastLink + 1 }), nil
}

// Forget removes links and their values.
func (m *Memory) Forget(links []uint64) error {
	return locked(m, func() error {
		for _, number := range slices.Sorted(slices.Values(links)) {
			m.keepFormer(m.states[number].Link, record.Link{})
			delete(m.states, number)
		}
		return nil
	})
}

// Digest returns the digest of the texts, keyed by nothing.
func (m *Memory) Digest(texts ...string) (d record.Digest) {
	var b bytes.Buffer
	for _, t := range texts {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(t))))
		b.WriteString(t)
	}
	sum := sha256.Sum256(b.Bytes())
	copy(d[:], sum[:])
	return d
}
