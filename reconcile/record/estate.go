package record

// Estate is what there is to a user who is to be deleted.
type Estate struct {
	// Obstacles are what XiVO would refuse the deletion for, or what is not the
	// user's alone, each with what to do about it. Nothing is deleted while there
	// is one.
	Obstacles []string
	// Pointers are what is left of what was known to lead to the user: it vanishes
	// with the user, or leads nowhere then.
	Pointers []Pointer
	// Lost is what no rollback brings back.
	Lost []string
}

// Leaver is a user who is to be deleted.
type Leaver struct {
	// User is the uuid.
	User string
	// DIDs are the user's own external numbers, wherever they lead.
	DIDs Value
	// Known are pointers that were found before. As long as one of them is there,
	// nothing else has to be looked for.
	Known []Pointer
}

// Pointer is something of somebody else's that leads to a user.
type Pointer struct {
	// Place is where to look whether it still does, in the side's own words.
	Place string `json:"place"`
	// Text tells it to people.
	Text string `json:"text"`
}

// PointerTexts are the texts, in order.
func PointerTexts(pointers []Pointer) []string {
	texts := make([]string, len(pointers))
	for i, p := range pointers {
		texts[i] = p.Text
	}
	return texts
}
