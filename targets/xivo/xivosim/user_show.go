package xivosim

// userView is a user as /users shows it.
type userView struct {
	ID                int     `json:"id"`
	UUID              string  `json:"uuid"`
	Firstname         string  `json:"firstname"`
	Lastname          *string `json:"lastname"`
	Email             *string `json:"email"`
	Timezone          *string `json:"timezone"`
	Language          *string `json:"language"`
	Description       *string `json:"description"`
	CallerID          string  `json:"caller_id"`
	OutgoingCallerID  *string `json:"outgoing_caller_id"`
	Mobile            *string `json:"mobile_phone_number"`
	Username          *string `json:"username"`
	Password          *string `json:"password"`
	MusicOnHold       *string `json:"music_on_hold"`
	Subroutine        *string `json:"preprocess_subroutine"`
	Userfield         *string `json:"userfield"`
	CallTransfer      bool    `json:"call_transfer_enabled"`
	DTMFHangup        bool    `json:"dtmf_hangup_enabled"`
	CallRecord        bool    `json:"call_record_enabled"`
	OnlineCallRecord  bool    `json:"online_call_record_enabled"`
	Supervision       bool    `json:"supervision_enabled"`
	RingSeconds       int     `json:"ring_seconds"`
	SimultaneousCalls int     `json:"simultaneous_calls"`
	CallPermission    *string `json:"call_permission_password"`
	Enabled           bool    `json:"enabled"`
	Links             []link  `json:"links"`

	Lines    []lineRef    `json:"lines"`
	Forwards forwardsView `json:"forwards"`
	Services servicesView `json:"services"`

	*newerUser // nil before 16.16
}

// newerUser is what 16.16 adds to a user.
type newerUser struct {
	Fallbacks fallbacksView `json:"fallbacks"`
	Groups    []groupRef    `json:"groups"`
	Incalls   []incallRef   `json:"incalls"`
	Voicemail *voicemailRef `json:"voicemail"`
}

// The short forms in which a resource appears in another one.
type (
	lineRef struct {
		ID             int        `json:"id"`
		EndpointSIP    *sipRef    `json:"endpoint_sip"`
		EndpointSCCP   *plainRef  `json:"endpoint_sccp"`
		EndpointCustom *customRef `json:"endpoint_custom"`
		Extensions     []extenRef `json:"extensions"`
		Links          []link     `json:"links"`
	}
	sipRef struct {
		ID       int    `json:"id"`
		Username string `json:"username"`
		Links    []link `json:"links"`
	}
	customRef struct {
		ID        int    `json:"id"`
		Interface string `json:"interface"`
		Links     []link `json:"links"`
	}
	plainRef struct {
		ID    int    `json:"id"`
		Links []link `json:"links"`
	}
	extenRef struct {
		ID      int    `json:"id"`
		Exten   string `json:"exten"`
		Context string `json:"context"`
		Links   []link `json:"links"`
	}
	incallRef struct {
		ID         int        `json:"id"`
		Extensions []extenRef `json:"extensions"`
		Links      []link     `json:"links"`
	}
	voicemailRef struct {
		ID    int    `json:"id"`
		Name  string `json:"name"`
		Links []link `json:"links"`
	}
	userRef struct {
		UUID      string  `json:"uuid"`
		Firstname string  `json:"firstname"`
		Lastname  *string `json:"lastname"`
		Links     []link  `json:"links"`
	}
	groupRef struct {
		ID    int    `json:"id"`
		Name  string `json:"name"`
		Links []link `json:"links"`
	}
)

func (c *call) showUser(u *User) userView {
	v := userView{
		ID: u.ID, UUID: u.UUID, Firstname: u.Firstname, Lastname: orNull(u.Lastname), Email: u.Email,
		Timezone: orNull(u.Timezone), Language: orNull(u.Language), Description: orNull(u.Description),
		CallerID: u.CallerID, OutgoingCallerID: orNull(u.OutgoingCallerID), Mobile: orNull(u.Mobile),
		Username: orNull(u.Username), Password: orNull(u.Password), MusicOnHold: orNull(u.MusicOnHold),
		Subroutine: orNull(u.Subroutine), Userfield: orNull(u.Userfield), CallTransfer: u.CallTransfer,
		DTMFHangup: u.DTMFHangup, CallRecord: u.CallRecord, OnlineCallRecord: u.OnlineCallRecord,
		Supervision: u.Supervision, RingSeconds: u.RingSeconds, SimultaneousCalls: u.SimultaneousCalls,
		CallPermission: orNull(u.CallPermissionCode), Enabled: u.Enabled, Links: c.links("users", "users", u.ID),
		Lines: c.lineRefs(u.ID), Forwards: showForwards(u), Services: showServices(u),
	}
	if c.sim.opt.Version == Version1616 {
		v.newerUser = &newerUser{
			Fallbacks: c.showFallbacks(u), Groups: c.groupRefs(u), Incalls: c.incallRefs(u.ID), Voicemail: c.voicemailRef(u.VoicemailID),
		}
	}
	return v
}

// lineRefs are a user's lines, the main line first.
func (c *call) lineRefs(userID int) []lineRef {
	refs := []lineRef{}
	for _, l := range c.linksOf(userID) {
		refs = append(refs, c.lineRef(c.lines.get(l.LineID)))
	}
	return refs
}

func (c *call) lineRef(l *Line) lineRef {
	ref := lineRef{ID: l.ID, Extensions: c.lineExtenRefs(l.ID), Links: c.links("lines", "lines", l.ID)}
	ref.EndpointSIP, ref.EndpointSCCP, ref.EndpointCustom = c.endpointRefs(l)
	return ref
}

func (c *call) endpointRefs(l *Line) (sip *sipRef, sccp *plainRef, custom *customRef) {
	switch l.Endpoint {
	case "sip":
		if s := c.sip.get(l.EndpointID); s != nil {
			sip = &sipRef{s.ID, s.Username, c.links("endpoint_sip", "endpoints/sip", s.ID)}
		}
	case "sccp":
		sccp = &plainRef{l.EndpointID, c.links("endpoint_sccp", "endpoints/sccp", l.EndpointID)}
	case "custom":
		if e := c.plain["custom"].get(l.EndpointID); e != nil {
			custom = &customRef{e.ID, e.Interface, c.links("endpoint_custom", "endpoints/custom", e.ID)}
		}
	}
	return sip, sccp, custom
}

func (c *call) lineExtenRefs(lineID int) []extenRef {
	refs := []extenRef{}
	for _, id := range c.extensOfLine.ids(lineID) {
		refs = append(refs, c.extenRef(c.extensions.get(c.lineExtens.get(id).ExtenID)))
	}
	return refs
}

func (c *call) extenRef(e *Extension) extenRef {
	return extenRef{e.ID, e.Exten, e.Context, c.links("extensions", "extensions", e.ID)}
}

func (c *call) incallRefs(userID int) []incallRef {
	refs := []incallRef{}
	for _, id := range c.incallUser.ids(userID) {
		refs = append(refs, incallRef{id, c.incallExtenRefs(id), c.links("incalls", "incalls", id)})
	}
	return refs
}

func (c *call) incallExtenRefs(incallID int) []extenRef {
	refs := []extenRef{}
	for _, id := range c.extenOwner.ids(tie{"incall", incallID}) {
		refs = append(refs, c.extenRef(c.extensions.get(id)))
	}
	return refs
}

func (c *call) voicemailRef(id int) *voicemailRef {
	v := c.voicemails.get(id)
	if v == nil {
		return nil
	}
	return &voicemailRef{v.ID, v.Name, c.links("voicemails", "voicemails", v.ID)}
}

func (c *call) userRef(u *User) userRef {
	return userRef{u.UUID, u.Firstname, orNull(u.Lastname), c.links("users", "users", u.ID)}
}
