package xivosim

// Entity is a row of confd's entities: a tenant of the web interface.
type Entity struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name,omitempty"`
}

// Range is one stretch of numbers of a context.
type Range struct {
	Start     string `json:"start"`
	End       string `json:"end"`
	DIDLength int    `json:"did_length,omitempty"`
}

// Context is a dialplan context with the numbers that may be used in it.
type Context struct {
	ID          int     `json:"id"`
	Name        string  `json:"name"`
	Label       *string `json:"label,omitempty"`
	Type        string  `json:"type"` // internal, incall, outcall, services, others
	Users       []Range `json:"user_ranges,omitempty"`
	Groups      []Range `json:"group_ranges,omitempty"`
	Queues      []Range `json:"queue_ranges,omitempty"`
	Rooms       []Range `json:"conference_room_ranges,omitempty"`
	Incalls     []Range `json:"incall_ranges,omitempty"`
	Description *string `json:"description,omitempty"`
	Enabled     bool    `json:"enabled"`
}

// Profile is a CTI profile.
type Profile struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// UserLine is the link of a user and a line.
type UserLine struct {
	ID       int  `json:"id"`
	UserID   int  `json:"user_id"`
	LineID   int  `json:"line_id"`
	MainUser bool `json:"main_user"`
	MainLine bool `json:"main_line"`
}

// LineExten is the link of a line and an extension. The web interface can
// give a line several; only one is main, or, by its mistakes, more.
type LineExten struct {
	ID      int  `json:"id"`
	LineID  int  `json:"line_id"`
	ExtenID int  `json:"extension_id"`
	Main    bool `json:"main"`
}

// Queue is a call-center queue with its agents by id and penalty. No API
// creates one: put it in the content.
type Queue struct {
	ID      int         `json:"id"`
	Name    string      `json:"name"`
	Members map[int]int `json:"members,omitempty"`
}

// key is a number in a context: what is unique of extensions and mailboxes.
type key struct{ number, context string }

// tie is what an extension or a line points to, by type and id.
type tie struct {
	kind string
	id   int
}

// content is everything the simulated XiVO knows.
type content struct {
	undo []func() // of the running transaction, newest last

	uuid       string
	liveReload bool
	timezones  []string
	// agentGroups are the numbers of the groups that agents can be in, beside 1.
	agentGroups []int
	registrars  []string

	entities    *table[Entity]
	contexts    *table[Context]
	profiles    *table[Profile]
	users       *table[User]
	lines       *table[Line]
	sip         *table[SIP]
	plain       map[string]*table[Endpoint] // sccp and custom
	extensions  *table[Extension]
	voicemails  *table[Voicemail]
	incalls     *table[Incall]
	userLines   *table[UserLine]
	lineExtens  *table[LineExten]
	agents      *table[Agent]
	queues      *table[Queue]
	devices     *table[Device]
	groups      *table[Group]
	permissions *table[CallPermission]
	templates   int // the last function key template's id
	funcKeys    int // the last function key's

	userUUID      index[string]
	userEmail     index[string] // in lower case
	userName      index[string]
	userVoicemail index[int]
	contextName   index[string]
	lineCode      index[string]
	lineEndpoint  index[tie]
	sipName       index[string]
	extenNumber   index[key]
	extenOwner    index[tie]
	mailbox       index[key]
	incallUser    index[int]
	linksOfUser   index[int]
	linksOfLine   index[int]
	extensOfLine  index[int]
	linesOfExten  index[int]
	groupsOfUser  index[int]
}

// rollback undoes the running transaction; ids stay taken.
func (c *content) rollback() {
	undo := c.undo
	c.undo = nil
	for i := len(undo) - 1; i >= 0; i-- {
		undo[i]()
	}
	c.undo = nil
}

// commit ends the running transaction.
func (c *content) commit() { c.undo = c.undo[:0] }
