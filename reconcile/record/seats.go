package record

// Seats ask in which of some queues a user's agent is.
type Seats struct {
	// User is the uuid, Queues are XiVO's ids.
	User   string
	Queues []string
}
