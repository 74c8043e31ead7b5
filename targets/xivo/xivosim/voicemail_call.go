package xivosim

import (
	"slices"
	"strconv"
)

func voicemailRoutes() []*route {
	return []*route{
		{path: "voicemails", acl: "voicemails", methods: methods{"GET": listVoicemails, "POST": postVoicemail}},
		{path: "voicemails/{voicemail}", acl: "voicemails.{voicemail}", methods: methods{"GET": getVoicemail, "PUT": putVoicemail, "DELETE": deleteVoicemail}},
	}
}

type voicemailView struct {
	ID             int     `json:"id"`
	Name           string  `json:"name"`
	Number         string  `json:"number"`
	Context        string  `json:"context"`
	Password       *string `json:"password"`
	Email          *string `json:"email"`
	Language       *string `json:"language"`
	Timezone       *string `json:"timezone"`
	Pager          *string `json:"pager"`
	MaxMessages    *int    `json:"max_messages"`
	AttachAudio    *bool   `json:"attach_audio"`
	DeleteMessages bool    `json:"delete_messages"`
	AskPassword    bool    `json:"ask_password"`
	Enabled        bool    `json:"enabled"`
	Options        []pair  `json:"options"`
	Links          []link  `json:"links"`

	*newerVoicemail // nil before 16.16
}

// newerVoicemail is what 16.16 adds to a voicemail.
type newerVoicemail struct {
	Users []userRef `json:"users"`
}

func (c *call) showVoicemail(v *Voicemail) any {
	view := voicemailView{
		ID: v.ID, Name: v.Name, Number: v.Number, Context: v.Context, Password: orNull(v.Password), Email: orNull(v.Email),
		Language: orNull(v.Language), Timezone: orNull(v.Timezone), Pager: orNull(v.Pager), MaxMessages: v.MaxMessages,
		AttachAudio: v.AttachAudio, DeleteMessages: v.DeleteMessages, AskPassword: v.AskPassword, Enabled: v.Enabled,
		Options: append([]pair{}, v.Options...), Links: c.links("voicemails", "voicemails", v.ID),
	}
	if c.sim.opt.Version == Version1616 {
		view.newerVoicemail = &newerVoicemail{[]userRef{}}
		for _, id := range c.userVoicemail.ids(v.ID) {
			view.Users = append(view.Users, c.userRef(c.users.get(id)))
		}
	}
	return view
}

var voicemailColumns = columns[Voicemail]{
	textColumn("number", func(v *Voicemail) string { return v.Number }),
	textColumn("name", func(v *Voicemail) string { return v.Name }),
	textColumn("email", func(v *Voicemail) string { return v.Email }),
	textColumn("context", func(v *Voicemail) string { return v.Context }).unsought(),
	textColumn("language", func(v *Voicemail) string { return v.Language }).unsought(),
	textColumn("timezone", func(v *Voicemail) string { return v.Timezone }).unsought(),
	textColumn("pager", func(v *Voicemail) string { return v.Pager }),
}

func listVoicemails(c *call) (*answer, error) {
	return list(c, c.voicemails, voicemailColumns, costVoicemailRow, c.showVoicemail)
}

func (c *call) voicemail() (*Voicemail, error) {
	id := c.params.id("voicemail")
	if v := c.voicemails.get(id); v != nil {
		return v, nil
	}
	return nil, notFound("Voicemail", meta{"id", id})
}

func getVoicemail(c *call) (*answer, error) {
	v, err := c.voicemail()
	if err != nil {
		return nil, err
	}
	return ok(c.showVoicemail(v))
}

func postVoicemail(c *call) (*answer, error) {
	apply, err := loadBody(c, voicemailSchema, true)
	if err != nil {
		return nil, err
	}
	v, err := c.createVoicemail(apply)
	if err != nil {
		return nil, err
	}
	return created("voicemails/"+strconv.Itoa(v.ID), c.showVoicemail(v))
}

func (c *call) createVoicemail(apply func(*Voicemail)) (*Voicemail, error) {
	v := &Voicemail{AskPassword: true, Enabled: true}
	apply(v)
	if err := c.checkVoicemail(v); err != nil {
		return nil, err
	}
	v.ID = c.voicemails.newID()
	c.voicemails.put(v.ID, v)
	return v, nil
}

// checkVoicemail wants a context and a time zone that exist and a free number;
// no range holds for mailboxes.
func (c *call) checkVoicemail(v *Voicemail) error {
	if err := c.checkContextName(v.Context); err != nil {
		return err
	}
	if v.Timezone != "" && !slices.Contains(c.timezones, v.Timezone) {
		return unknownRef("timezone", "Timezone", meta{"timezone", v.Timezone})
	}
	if c.mailbox.takenBy(key{v.Number, v.Context}, v.ID) {
		return exists("Voicemail", meta{"number", v.Number}, meta{"context", v.Context})
	}
	return nil
}

func putVoicemail(c *call) (*answer, error) {
	old, err := c.voicemail()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, voicemailSchema, false)
	if err != nil {
		return nil, err
	}
	v := *old
	apply(&v)
	if err := c.checkVoicemail(&v); err != nil {
		return nil, err
	}
	c.voicemails.put(v.ID, &v)
	return noContent()
}

func deleteVoicemail(c *call) (*answer, error) {
	v, err := c.voicemail()
	if err != nil {
		return nil, err
	}
	if users := c.userVoicemail.ids(v.ID); len(users) > 0 {
		return nil, associated("Voicemail", "User", meta{"voicemail_id", v.ID}, meta{"user_ids", pyRaw("'" + joinIDs(users, ", ") + "'")})
	}
	c.voicemails.remove(v.ID)
	return noContent()
}
