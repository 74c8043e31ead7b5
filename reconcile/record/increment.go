package record

// Cursor is how far the changes of a side have been followed. What it says is
// the side's own business.
type Cursor struct {
	// Position is where to go on.
	Position []byte `json:"position"`
	// Server is the address of the server that it came from: changes are counted
	// by each server for itself, so the next run asks the same one first.
	Server string `json:"server,omitempty"`
	// Method says in a word how the changes are found.
	Method string `json:"method,omitempty"`
}

// Increment is what changed on a side since a cursor. It says for certain who
// is there as they are now; who is not, it only suspects.
type Increment struct {
	// Refused says in words why the cursor leads nowhere, "" where it does: then
	// nothing else is set, and only a full reading tells what changed.
	Refused string
	// Records are those that changed, or were asked for, as they are now. One that
	// a listing would not show is not among them.
	Records []Record
	// Suspect tells whether the record with an id may be gone, or be out of what a
	// listing shows.
	Suspect func(id string) bool
	// Blind tells that the side does not show what is gone: anybody may be.
	Blind bool
	// Next is where to go on after this.
	Next Cursor
}
