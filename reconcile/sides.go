// Package reconcile decides and carries out what keeps an LDAP directory and a
// XiVO in step. It does no I/O of its own: both systems, the store and the
// clock are interfaces declared in this file.
//
// Data flows one way, a phase a file: transform, match, merge, plan, guard,
// apply. What decides is pure: the same input gives the same plan.
package reconcile

import (
	"context"
	"iter"
	"time"

	"xivosync/reconcile/record"
)

// Side is a system that is kept in step. The directory and the PBX both read
// and write, so both satisfy it. Its errors are *[record.Error].
type Side interface {
	// List reads every record, each at least as deep as asked. The listing is
	// complete, or its last element is an error: after an error, nothing that
	// came before may be taken for the whole.
	List(ctx context.Context, depth record.Depth) iter.Seq2[record.Record, error]
	// Read reads all mapped values of the record with that immutable id, whether
	// or not a listing would show it. The error is of class Missing when the
	// record is gone.
	Read(ctx context.Context, id string) (record.Record, error)
	// Find reads the records that carry this identifier; none is no error.
	Find(ctx context.Context, identifier string) ([]record.Record, error)
	// Apply carries out one change and returns the record as the side holds it
	// afterwards (the zero record after a deletion). It writes only while the
	// side holds the before-values: else the error is of class Stale. An error of
	// class Uncertain says that the outcome could not be found out.
	Apply(ctx context.Context, change record.Change) (record.Record, error)
	// Requests counts what was sent so far.
	Requests() record.Requests
}

// Identity is what tells one server from another; see the guard "identity".
type Identity interface {
	// Identity returns a text that stays the same as long as it is the same
	// directory or the same XiVO.
	Identity(ctx context.Context) (string, error)
}

// Counter is implemented by a side that counts its changes: a count that went
// back tells that somebody restored a backup.
type Counter interface {
	// Counter returns the highest change number, or "" where there is none.
	// Two of them compare with [Newer].
	Counter(ctx context.Context) (string, error)
}

// Follower is implemented by a side that can tell what changed since an earlier
// reading, so that a run need not read everybody.
type Follower interface {
	// Position returns a cursor for this moment: what changes after the call
	// shows when it is followed. It is the zero Cursor where the side cannot be
	// followed.
	Position(ctx context.Context) (record.Cursor, error)
	// Follow reads what changed since the cursor, and besides the records with
	// these ids. It is complete, or an error; a cursor that is of no use is none.
	Follow(ctx context.Context, since record.Cursor, ids []string) (record.Increment, error)
	// Present lists the ids of everybody whom List would show, without anything
	// else of them. Like List it is complete, or its last element is an error.
	Present(ctx context.Context) iter.Seq2[string, error]
}

// Owners is implemented by a side on which a value can be held by things that no
// listing of people shows: a line without a user, a queue, a fax.
type Owners interface {
	// Owner tells who or what holds the value of a field.
	Owner(ctx context.Context, field, value string) (record.Holder, error)
}

// Logins is implemented by a side that refuses a login under a username that
// somebody else has, whether or not usernames are mapped.
type Logins interface {
	// Logins lists who has which username.
	Logins(ctx context.Context) (map[string]record.Record, error)
}

// Recaller is implemented by a side that shows some elements of a set only to who
// knows them: of a DID that leads to a mailbox, nothing but its number tells.
type Recaller interface {
	// Recall adds to a reading of a user what of these DIDs is the user's own, in
	// Values and in Hidden.
	Recall(ctx context.Context, r *record.Record, dids record.Value) error
}

// Resumer is implemented by a side whose changes take several requests: after a
// crash in the middle it finds out, by the keys that the change brought, how far
// it came, and completes it or takes it back.
type Resumer interface {
	// Resume returns Done with the record as it is then, or Undone.
	Resume(ctx context.Context, change record.Change) (record.Step, record.Record, error)
}

// Secrets is implemented by a side that can tell the secret with which a user's
// phone registers, so that a deactivation can be taken back.
type Secrets interface {
	Secret(ctx context.Context, user string) (string, error)
}

// Estates is implemented by a side on which a record owns things that have to be
// taken down before it can be deleted, and to which things of others can lead.
type Estates interface {
	// Estates tells what there is to each of the users who are to be deleted. Of
	// what leads to them it tells what is left of what is known. Of one who is gone
	// it tells nothing.
	Estates(ctx context.Context, leavers []record.Leaver) ([]record.Estate, error)
	// Pointers finds what of others leads to each of them; that may take long.
	// Unread names what may lead to them, too, and cannot be read.
	Pointers(ctx context.Context, leavers []record.Leaver) (found [][]record.Pointer, unread string, err error)
	// Image reads what it takes to make a user, or a thing of the user's, again as
	// it is: the before-values of a deletion, under names of the side's own. The
	// error is of class Missing when there is no such thing.
	Image(ctx context.Context, thing record.Thing, user, value string) (map[string]record.Delta, error)
}

// States remembers links and their last-known values.
type States interface {
	// Links lists all links without their values, in order of their numbers.
	Links() iter.Seq2[record.Link, error]
	// State reads one link with its values.
	State(link uint64) (record.State, error)
	// Save stores states that no write belongs to (a converged value, the first
	// sight of an unchanged one, an absence counted), in sorted batches.
	Save(states []record.State) error
	// Keep commits, in one transaction, an effect that belongs to no change.
	Keep(effect Effect) error
	// Touch stores only the link rows, without reading or writing their values.
	Touch(links []record.Link) error
	// Former returns the directory id that the XiVO user was linked to before,
	// or "" when it never was.
	Former(user string) (entry string, err error)
	// Memory reads what the last complete run left; zero for an empty store.
	Memory() (Memory, error)
	// Remember replaces it.
	Remember(Memory) error
	// Configuration reads what Configure kept: digests of the configuration's
	// values by key, empty in a new store.
	Configuration() (map[string]record.Digest, error)
	// Configure replaces it.
	Configure(map[string]record.Digest) error
	// NextLink returns one more than the highest link number ever stored, in the
	// journal, too: the engine numbers new links from there.
	NextLink() (uint64, error)
	// Forget removes links and their values; Former keeps remembering them.
	Forget(links []uint64) error
	// Digest returns the keyed digest of the texts, in order.
	Digest(texts ...string) record.Digest
}

// Memory is what a run needs to know of the one before it.
type Memory struct {
	// Identity of both sides that the store is bound to.
	LDAP string `json:"ldap"`
	XiVO string `json:"xivo"`
	// Seen are the numbers of records in the last complete listing, and Filled
	// how many entries held each mapped attribute.
	SeenLDAP int            `json:"seen_ldap"`
	SeenXiVO int            `json:"seen_xivo"`
	Filled   map[string]int `json:"filled"`
	// Listed is when somebody last listed all who are in the directory, be it by
	// their ids alone.
	Listed time.Time `json:"listed,omitzero"`
	// Serial is the highest user id, Counter the directory's change number.
	Serial  uint64 `json:"serial"`
	Counter string `json:"counter"`
	// Scope is the fingerprint of base, filter and identifier; Mapping that of
	// the field mappings.
	Scope   string `json:"scope"`
	Mapping string `json:"mapping"`
	// Completed counts runs that came to their end.
	Completed int `json:"completed"`
	// Configured is the fingerprint of the whole configuration: with another one,
	// people have to be looked at who did not change.
	Configured string `json:"configured,omitempty"`
	// Cursor is how far the directory was followed: everything up to there is in the
	// store. It is nil where no run asked for it.
	Cursor *record.Cursor `json:"cursor,omitempty"`
}

// Journal is written before anything else is.
type Journal interface {
	// Begin opens a run and numbers it.
	Begin(run record.Run) (record.Run, error)
	// Finish closes it with its outcome and counts.
	Finish(run record.Run) error
	// Open commits a unit with all its changes; the first has its intent.
	Open(unit record.Unit) error
	// Settle commits, in one transaction, the outcome of the change at index i
	// (Step, Error, and Key as they are in the unit) with its effect; then, unless
	// the unit ends here, the intent of the change at index next. A next of -1
	// closes the unit.
	Settle(unit record.Unit, i, next int, effect Effect) error
	// Adopt commits units whose changes need no request (links, unlinks), each in
	// one transaction with what the effect says of its persons, in batches, already
	// closed.
	Adopt(units []record.Unit, effect Effect) error
	// Unclosed returns the units that a crash left open, oldest first.
	Unclosed() ([]record.Unit, error)
	// Recent yields the changes that were done since then, oldest run first, each
	// with the run that made it.
	Recent(since time.Time) iter.Seq2[RunChange, error]
	// History yields the changes of one person, newest first.
	History(link uint64, entry string) iter.Seq2[record.Change, error]
	// Runs yields the runs, newest first, and Run reads one of them; it is an error
	// when there is none of that number.
	Runs() iter.Seq2[record.Run, error]
	Run(number uint64) (record.Run, error)
	// Changes yields the changes of one run in order, and ChangesOf those of one
	// person in it: of the link, and of the directory's id.
	Changes(run uint64) iter.Seq2[record.Change, error]
	ChangesOf(run, link uint64, entry string) iter.Seq2[record.Change, error]
}

// Effect is what a settled change leaves in the store, beside its outcome.
type Effect struct {
	// States are stored.
	States []record.State
	// Holds are set as by Store.Hold.
	Holds []record.Hold
	// Released are the numbers of holds that end.
	Released []uint64
	// Mails enter the outbox, but for those whose key is there already.
	Mails []record.Mail
}

// RunChange is a change with the run that made it.
type RunChange struct {
	Run    *record.Run
	Change record.Change
}

// Queue holds the conflicts.
type Queue interface {
	// Conflicts yields the conflicts that are open or decided.
	Conflicts() iter.Seq2[record.Conflict, error]
	// Reconcile makes the queue hold exactly these for the persons that were
	// examined: new ones are opened, known ones refreshed, others closed.
	Reconcile(run uint64, now time.Time, found []record.Conflict, examined func(record.Conflict) bool) error
}

// Holds remembers what is kept out of plans.
type Holds interface {
	// Holds yields the holds, in order of their numbers.
	Holds() iter.Seq2[record.Hold, error]
	// Hold sets holds: new ones are numbered, and one of a key that is held
	// replaces it under its number.
	Hold(holds ...record.Hold) error
	// Release ends holds; numbers that are not there are passed over.
	Release(numbers ...uint64) error
}

// Outbox holds the mails until they are sent. They enter it with an [Effect].
type Outbox interface {
	// Mails yields the mails, in order of their numbers, and Mail reads one of them.
	Mails() iter.Seq2[record.Mail, error]
	Mail(number uint64) (record.Mail, error)
	// UpdateMail stores how far a mail has come: To, Tries, Next, State and Error. One
	// that is over loses its data for good.
	UpdateMail(mail record.Mail) error
}

// Store is everything that is remembered between runs.
type Store interface {
	States
	Journal
	Queue
	Holds
	Outbox
}
