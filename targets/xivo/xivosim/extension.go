package xivosim

// Extension is a row of confd's extensions.
type Extension struct {
	ID        int    `json:"id"`
	Exten     string `json:"exten"`
	Context   string `json:"context"`
	Commented bool   `json:"commented,omitempty"`
	// Owner and OwnerID are the database's type and typeval: user, incall,
	// queue, group, outcall, extenfeatures…; id 0 is free.
	Owner   string `json:"owner"`
	OwnerID int    `json:"owner_id,omitempty"`
}

var extensionSchema = schema[Extension]{
	textField(func(e *Extension) *string { return &e.Exten }, rule{name: "exten", required: true, pattern: extenPattern}),
	textField(func(e *Extension) *string { return &e.Context }, rule{name: "context", required: true}),
	flagField(func(e *Extension) *bool { return &e.Commented }, rule{name: "commented", kind: loose}),
}
