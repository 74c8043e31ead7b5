package xivosim

// Incall is a row of confd's incalls: where a DID goes. The number itself is
// an extension.
type Incall struct {
	ID           int    `json:"id"`
	Subroutine   string `json:"preprocess_subroutine,omitempty"`
	CallerIDMode string `json:"caller_id_mode,omitempty"`
	CallerIDName string `json:"caller_id_name,omitempty"`
	Description  string `json:"description,omitempty"`
	Destination  Target `json:"destination"`
}

var incallSchema = schema[Incall]{
	textField(func(i *Incall) *string { return &i.Subroutine }, rule{name: "preprocess_subroutine", max: 39}),
	textField(func(i *Incall) *string { return &i.CallerIDMode }, rule{name: "caller_id_mode", null: nullResets, choices: []string{"prepend", "overwrite", "append"}}),
	textField(func(i *Incall) *string { return &i.CallerIDName }, rule{name: "caller_id_name", null: nullResets, max: 80}),
	textField(func(i *Incall) *string { return &i.Description }, rule{name: "description", null: nullResets}),
}
