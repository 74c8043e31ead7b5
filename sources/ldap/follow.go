package ldap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// Following changes. Whatever the protocol, it tells only which entries changed;
// what they are now is read as a listing would read it, so that a follower sees
// nothing that a listing would not.
//
//	dirsync    Active Directory: a cookie, valid on the controller that gave it
//	syncrepl   OpenLDAP (RFC 4533): the sequence number of the newest change
//	usn        Active Directory without the right to DirSync: uSNChanged
//	timestamp  any server: modifyTimestamp, with an overlap
//
// The last two show nothing of what was deleted; DirSync does so only to those
// who may see deleted objects.

// method is one way of following.
type method struct {
	name string
	// offered tells whether the server has what it takes.
	offered func(d *Directory) bool
	// position finds out where the server is now; errNotOffered when that needs
	// a right that the account lacks.
	position func(d *Directory, ctx context.Context, c *cursor) error
	// follow collects what changed since c, and moves c on.
	follow func(d *Directory, ctx context.Context, c *cursor, ch *changes) error
}

// methods are in the order in which they are tried.
func methods() []method {
	return []method{
		{"dirsync", offersDirSync, (*Directory).dirSyncPosition, (*Directory).dirSync},
		{"syncrepl", offersSyncrepl, (*Directory).syncreplPosition, (*Directory).syncrepl},
		{"usn", offersUSN, (*Directory).usnPosition, (*Directory).sinceUSN},
		{"timestamp", always, (*Directory).timePosition, (*Directory).sinceTime},
	}
}

func always(*Directory) bool { return true }

// errNotOffered is returned when a server, asked for a position, has none to
// give to this account.
var errNotOffered = errors.New("the server does not offer this to the account")

// refusal of a cursor is an error that only says why.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

func refused(format string, args ...any) error { return &refusedError{fmt.Sprintf(format, args...)} }

// mostChanges is how many changed entries are read one by one: beyond that, a
// listing is cheaper.
const mostChanges = 2000

// cursor is what a record.Cursor holds of this side.
type cursor struct {
	Method string `json:"method"`
	// Asked is a fingerprint of what is looked for: another base or filter makes
	// the cursor worthless.
	Asked string `json:"asked"`
	// Controller is the domain controller that counted.
	Controller string `json:"controller,omitempty"`
	// Cookies are by base or naming context.
	Cookies map[string][]byte `json:"cookies,omitempty"`
	// Since is a change number or a time; Near are marks of the entries that were
	// seen within the overlap before that time.
	Since string   `json:"since,omitempty"`
	Near  []uint64 `json:"near,omitempty"`
	// Groups is a fingerprint of all groups, where their members matter: changing a
	// group does not change the entries of its members.
	Groups string `json:"groups,omitempty"`
}

// changes is what a method found, by ids.
type changes struct {
	changed map[string]struct{}
	gone    map[string]struct{}
	// present, where it is not nil, are all that are there: everybody else is gone.
	present map[string]struct{}
	// blind tells that deletions do not show.
	blind bool
}

func newChanges() *changes {
	return &changes{changed: map[string]struct{}{}, gone: map[string]struct{}{}}
}

// change notes a changed entry.
func (ch *changes) change(id string) error {
	if ch.changed[id] = struct{}{}; len(ch.changed) > mostChanges {
		return tooMany()
	}
	return nil
}

func tooMany() error {
	return refused("more than %d entries have changed: reading all is cheaper", mostChanges)
}

// suspect tells whether an entry may be gone.
func (ch *changes) suspect(id string) bool {
	if _, gone := ch.gone[id]; gone || ch.present == nil {
		return gone
	}
	_, there := ch.present[id]
	return !there
}

// Position returns a cursor for this moment, by the first method that the server
// offers to this account.
func (d *Directory) Position(ctx context.Context) (record.Cursor, error) {
	c := cursor{Asked: d.asked(), Controller: d.server.controller}
	var err error
	if c.Groups, err = d.groupStamp(ctx); err != nil {
		return record.Cursor{}, err
	}
	for _, m := range methods() {
		if !m.offered(d) {
			continue
		}
		err := m.position(d, ctx, &c)
		if errors.Is(err, errNotOffered) {
			d.cfg.Log.Info("changes cannot be followed this way", "method", m.name, "reason", err)
			continue
		}
		if err != nil {
			return record.Cursor{}, down(d.cfg.Bases[0], "find the position of changes by "+m.name, err)
		}
		c.Method = m.name
		return d.encode(c)
	}
	return record.Cursor{}, nil
}

func (d *Directory) encode(c cursor) (record.Cursor, error) {
	text, err := json.Marshal(c)
	return record.Cursor{Position: text, Server: d.url, Method: c.Method}, err
}

// Follow reads what changed since the cursor, and the entries with these ids.
func (d *Directory) Follow(ctx context.Context, since record.Cursor, ids []string) (record.Increment, error) {
	c, ch := cursor{}, newChanges()
	err := d.collect(ctx, since, &c, ch)
	var no *refusedError
	if errors.As(err, &no) {
		return record.Increment{Refused: no.why}, nil
	}
	if err != nil {
		return record.Increment{}, down(d.cfg.Bases[0], "follow the changes by "+c.Method, err)
	}
	if err := d.refreshGroups(ctx); err != nil {
		return record.Increment{}, err
	}
	for _, id := range ids {
		ch.changed[id] = struct{}{}
	}
	inc := record.Increment{Suspect: ch.suspect, Blind: ch.blind}
	if inc.Records, err = d.readAgain(ctx, ch); err != nil {
		return record.Increment{}, err
	}
	inc.Next, err = d.encode(c)
	return inc, err
}

// collect has the cursor's method find the changes, once it is sure that the
// cursor belongs to this server and to what is looked for now.
func (d *Directory) collect(ctx context.Context, since record.Cursor, c *cursor, ch *changes) error {
	if err := json.Unmarshal(since.Position, c); err != nil {
		return refused("the stored position cannot be read")
	}
	switch {
	case c.Asked != d.asked():
		return refused("base, filter or attributes are not those of the last run")
	case c.Controller != d.server.controller:
		return refused("another domain controller answers than last time")
	}
	groups, err := d.groupStamp(ctx)
	if err != nil {
		return err
	}
	if groups != c.Groups {
		return refused("groups have changed, which does not show on their members")
	}
	for _, m := range methods() {
		if m.name != c.Method {
			continue
		}
		if !m.offered(d) {
			return refused("the server does not offer %s any more", m.name)
		}
		return m.follow(d, ctx, c, ch)
	}
	return refused("the stored position is of an unknown kind, %q", c.Method)
}

// asked is a fingerprint of what a listing asks for.
func (d *Directory) asked() string {
	return fingerprint(d.cfg.Bases, []string{d.cfg.Filter, d.cfg.Disabled, d.cfg.Identifier, string(d.cfg.GroupsBy)},
		d.cfg.Attributes, d.cfg.Groups, d.cfg.AnyGroup, d.cfg.Nested)
}

// answeredBy tells whether the server answered with an error of its own, rather
// than with none.
func answeredBy(err error) bool {
	var answer *goldap.Error
	return errors.As(err, &answer) && !lost(err) && !ofLibrary(answer)
}
