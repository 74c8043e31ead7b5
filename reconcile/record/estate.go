package record

// Estate is what there is to a user who is to be deleted.
type Estate struct {
	// Obstacles are what XiVO would refuse the deletion for, or what is not the
	// user's alone, each with what to do about it. Nothing is deleted while there
	// is one.
	Obstacles []string
	// Pointers are what of others leads to the user: it vanishes with the user, or
	// leads nowhere then.
	Pointers []string
	// Lost is what no rollback brings back.
	Lost []string
}

// Leaver is a user who is to be deleted.
type Leaver struct {
	// User is the uuid.
	User string
	// DIDs are the user's own external numbers, wherever they lead.
	DIDs Value
}
