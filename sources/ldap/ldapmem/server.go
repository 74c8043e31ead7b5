package ldapmem

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server holds a directory. It may be used by several clients at once.
type Server struct {
	accounts map[string]account
	quirks   Quirks

	mu      sync.RWMutex
	entries map[string]*entry // by key
	order   []string          // keys, in the order in which they came
	last    time.Time         // of the last change
	csn     string
	usn     uint64

	listener net.Listener
	done     sync.WaitGroup
	connsMu  sync.Mutex
	conns    map[net.Conn]struct{}
	closed   bool
}

type account struct {
	password string
	writes   bool
}

// Entry is an entry as [Server.Entries] shows it.
type Entry struct {
	DN         string
	Attributes map[string][]string
}

// Option changes what [New] makes.
type Option func(*Server)

// Account lets somebody log in, read and write, whether or not the DN is an
// entry. Entries with a userPassword in clear may log in and read.
func Account(dn, password string) Option { return accountOf(dn, password, true) }

// Reader lets somebody log in and read.
func Reader(dn, password string) Option { return accountOf(dn, password, false) }

func accountOf(dn, password string, writes bool) Option {
	return func(s *Server) {
		if n, err := parseName(dn); err == nil {
			s.accounts[n.key] = account{password, writes}
		}
	}
}

// New loads a directory from LDIF: content records, as an export or slapcat
// writes them. Entries above the first ones that the file lacks are made up.
func New(ldif io.Reader, options ...Option) (*Server, error) {
	s := &Server{accounts: map[string]account{}, entries: map[string]*entry{}, conns: map[net.Conn]struct{}{}}
	for _, o := range options {
		o(s)
	}
	records, err := parseLDIF(ldif)
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		if err := s.load(rec); err != nil {
			return nil, fmt.Errorf("line %d: %w", rec.line, err)
		}
	}
	for _, key := range slices.Clone(s.order) {
		s.makeAncestors(s.entries[key])
	}
	return s, nil
}

// load takes over one record, with the operational attributes that it brings.
func (s *Server) load(rec loaded) error {
	n, err := parseName(rec.dn)
	if err != nil {
		return err
	}
	if n.key == "" {
		return errors.New("an entry without a name")
	}
	if s.entries[n.key] != nil {
		return fmt.Errorf("%s is there twice", rec.dn)
	}
	e := &entry{name: n, dn: rec.dn, uuid: uuidOf(n.key)}
	s.touch(e, true)
	for _, a := range rec.attributes {
		s.loadAttribute(e, a)
	}
	for _, a := range n.leaf {
		if e.index(a.name) < 0 {
			e.attributes = append(e.attributes, a)
		}
	}
	s.entries[n.key] = e
	s.order = append(s.order, n.key)
	return nil
}

func (s *Server) loadAttribute(e *entry, a attribute) {
	first := a.values[0]
	switch strings.ToLower(a.name) {
	case "entryuuid":
		e.uuid = strings.ToLower(first)
	case "objectguid":
		if len(first) == 16 {
			e.uuid = textOf(first)
		}
		if !s.quirks.ActiveDirectory {
			e.attributes = append(e.attributes, a)
		}
	case "entrycsn":
		e.csn = first
		s.csn = max(s.csn, first)
	case "createtimestamp":
		e.created = first
	case "modifytimestamp":
		e.modified = first
	case "contextcsn", "entrydn":
	default:
		e.attributes = append(e.attributes, a)
	}
}

// makeAncestors adds what a part of a tree needs to stand on: every entry above,
// up to where the DN ends or consists of domain components only.
func (s *Server) makeAncestors(e *entry) {
	for parts := e.parts[1:]; len(parts) > 0; parts = parts[1:] {
		dn := strings.Join(parts, ",")
		n, err := parseName(dn)
		if err != nil || s.entries[n.key] != nil {
			return
		}
		made := &entry{name: n, dn: dn, uuid: uuidOf(n.key), attributes: append([]attribute{{"objectClass", []string{"top"}}}, n.leaf...)}
		s.touch(made, true)
		s.entries[n.key] = made
		s.order = append(s.order, n.key)
		if domainOnly(n.key) {
			return
		}
	}
}

func domainOnly(key string) bool {
	return !slices.ContainsFunc(strings.Split(key, ","), func(rdn string) bool { return !strings.HasPrefix(rdn, "dc=") })
}

// touch stamps an entry that is about to be stored. Stamps only ever grow.
func (s *Server) touch(e *entry, created bool) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	if !now.After(s.last) {
		now = s.last.Add(time.Microsecond)
	}
	s.last = now
	s.usn++
	e.usn = s.usn
	e.csn = now.Format("20060102150405.000000Z") + "#000000#000#000000"
	e.modified = now.Format("20060102150405Z")
	if created {
		e.created = e.modified
	}
	s.csn = max(s.csn, e.csn)
}

// Entries returns a copy of everything, in the order in which it came, without
// what the server itself keeps.
func (s *Server) Entries() []Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Entry, 0, len(s.order))
	for _, key := range s.order {
		e := s.entries[key].clone()
		one := Entry{DN: e.dn, Attributes: make(map[string][]string, len(e.attributes))}
		for _, a := range e.attributes {
			one.Attributes[a.name] = a.values
		}
		out = append(out, one)
	}
	return out
}
