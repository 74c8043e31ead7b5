package record

import "fmt"

// Holder is who or what holds a number. The zero Holder means that it is free.
type Holder struct {
	// User is whose it is: the immutable id and name, and no values. The zero
	// record where it is nobody's, or more than one person's.
	User Record
	// Thing says what holds it, such as "line 12 without a user".
	Thing string
	// Remedy says what to delete by hand to free it.
	Remedy string
}

// Free tells whether nobody holds the number.
func (h Holder) Free() bool { return h.Thing == "" && h.User.ID == "" }

// String names the holder for a report.
func (h Holder) String() string {
	name := h.User.Name
	if name == "" {
		name = h.User.ID
	}
	switch {
	case h.User.ID == "":
		return h.Thing
	case h.Thing == "":
		return fmt.Sprintf("%s (user %s)", name, h.User.ID)
	}
	return fmt.Sprintf("%s (user %s), %s", name, h.User.ID, h.Thing)
}
