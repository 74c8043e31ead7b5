package xivosim

import "strconv"

func userVoicemailRoutes() []*route {
	return []*route{
		{path: "users/{user}/voicemails", acl: "users.{user}.voicemails", methods: methods{"GET": getUserVoicemail, "DELETE": deleteUserVoicemail}},
		{path: "users/{user}/voicemails/{voicemail}", acl: "users.{user}.voicemails.{voicemail}", methods: methods{"PUT": putUserVoicemail}},
		{path: "users/{user}/voicemail", methods: methods{"GET": getUserVoicemail, "POST": postUserVoicemail, "DELETE": deleteUserVoicemail}},
		{path: "voicemails/{voicemail}/users", acl: "voicemails.{voicemail}.users", methods: methods{"GET": listVoicemailUsers}},
	}
}

type userVoicemailView struct {
	UserID      int    `json:"user_id"`
	VoicemailID int    `json:"voicemail_id"`
	Links       []link `json:"links"`
}

func (c *call) showUserVoicemail(userID, voicemailID int) userVoicemailView {
	return userVoicemailView{
		userID, voicemailID,
		[]link{c.at("voicemails", "voicemails", voicemailID), c.at("users", "users", userID)},
	}
}

// userWithVoicemail fetches the user of the path, who must have a mailbox.
func (c *call) userWithVoicemail() (*User, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if u.VoicemailID == 0 {
		return nil, notFound("UserVoicemail", meta{"user_id", u.ID})
	}
	return u, nil
}

func getUserVoicemail(c *call) (*answer, error) {
	u, err := c.userWithVoicemail()
	if err != nil {
		return nil, err
	}
	return ok(c.showUserVoicemail(u.ID, u.VoicemailID))
}

func listVoicemailUsers(c *call) (*answer, error) {
	v, err := c.voicemail()
	if err != nil {
		return nil, err
	}
	var items []userVoicemailView
	for _, id := range c.userVoicemail.ids(v.ID) {
		items = append(items, c.showUserVoicemail(id, v.ID))
	}
	return ok(pageOf(items))
}

func putUserVoicemail(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	v, err := c.voicemail()
	if err != nil {
		return nil, err
	}
	if err := c.attachVoicemail(u, v.ID); err != nil {
		return nil, err
	}
	return noContent()
}

func postUserVoicemail(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	id, err := c.readRightID("voicemail_id")
	if err != nil {
		return nil, err
	}
	if c.voicemails.get(id) == nil {
		return nil, unknownRef("voicemail_id", "Voicemail")
	}
	if err := c.attachVoicemail(u, id); err != nil {
		return nil, err
	}
	return created("users/"+strconv.Itoa(u.ID)+"/voicemails?voicemail_id="+strconv.Itoa(id), c.showUserVoicemail(u.ID, id))
}

// attachVoicemail gives a user his one mailbox; a mailbox may have several users.
func (c *call) attachVoicemail(u *User, id int) error {
	if u.VoicemailID != 0 {
		return associated("User", "Voicemail", meta{"user_id", u.ID}, meta{"voicemail_id", id})
	}
	with := *u
	with.VoicemailID = id
	c.users.put(u.ID, &with)
	return nil
}

func deleteUserVoicemail(c *call) (*answer, error) {
	u, err := c.userWithVoicemail()
	if err != nil {
		return nil, err
	}
	without := *u
	without.VoicemailID = 0
	c.users.put(u.ID, &without)
	return noContent()
}
