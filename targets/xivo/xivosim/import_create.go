package xivosim

import "strconv"

// createRow makes everything a row names: first all the resources, then what
// ties them together. What exists and belongs to nobody is taken over as it is.
func createRow(c *call, row importRow, out *imported) error {
	body, err := row.body("", userTexts, userBits, userNumbers)
	if err != nil {
		return err
	}
	if _, given := body["firstname"]; !given && len(body) == 0 {
		return nil
	}
	apply, err := loadRow(userSchema, body, true)
	if err != nil {
		return err
	}
	u, err := c.createUser(apply)
	if err != nil {
		return err
	}
	out.UserID, out.UserUUID = &u.ID, &u.UUID
	for _, part := range []func(*call, importRow, *imported) error{
		importVoicemail, importLine, importExtension, importIncallExtension, importProfile, importEntity,
	} {
		if err := part(c, row, out); err != nil {
			return err
		}
	}
	return c.associateRow(row, out)
}

var (
	voicemailTexts = []string{"name", "number", "context", "password", "email"}
	voicemailBits  = []string{"attach_audio", "delete_messages", "ask_password"}
)

func importVoicemail(c *call, row importRow, out *imported) error {
	if row["voicemail_number"] == "" {
		return nil
	}
	if id, found := c.mailbox.first(key{row["voicemail_number"], row["voicemail_context"]}); found {
		out.VoicemailID = &id
		return nil
	}
	body, err := row.body("voicemail_", voicemailTexts, voicemailBits, nil)
	if err != nil {
		return err
	}
	for _, name := range []string{"delete_messages", "ask_password"} {
		if body[name] == nil {
			delete(body, name)
		}
	}
	apply, err := loadRow(voicemailSchema, body, true)
	if err != nil {
		return err
	}
	v, err := c.createVoicemail(apply)
	if err != nil {
		return err
	}
	out.VoicemailID = &v.ID
	return nil
}

// importLine makes the line and its endpoint, of which an unused one of that
// user name is taken with the secret it has.
func importLine(c *call, row importRow, out *imported) error {
	if row["line_protocol"] == "" {
		return nil
	}
	body, err := row.body("", []string{"context", "provisioning_code"}, nil, nil)
	if err != nil {
		return err
	}
	if body["provisioning_code"] == nil {
		delete(body, "provisioning_code")
	}
	apply, err := loadRow(lineSchema, body, true)
	if err != nil {
		return err
	}
	l, err := c.createLine(apply)
	if err != nil {
		return err
	}
	out.LineID = &l.ID
	if row["line_protocol"] != "sip" {
		id := c.plain["sccp"].newID()
		c.plain["sccp"].put(id, &Endpoint{ID: id})
		out.SCCPID = &id
		return nil
	}
	return importSIP(c, row, out)
}

func importSIP(c *call, row importRow, out *imported) error {
	if id, found := c.sipName.first(row["sip_username"]); found {
		out.SIPID = &id
		return nil
	}
	body, err := row.body("sip_", []string{"username", "secret"}, nil, nil)
	if err != nil {
		return err
	}
	apply, err := loadRow(sipSchema, body, true)
	if err != nil {
		return err
	}
	s, err := c.createSIP(apply)
	if err != nil {
		return err
	}
	out.SIPID = &s.ID
	return nil
}

func importExtension(c *call, row importRow, out *imported) (err error) {
	out.ExtensionID, err = c.importNumber(row["exten"], row["context"])
	return err
}

func importIncallExtension(c *call, row importRow, out *imported) (err error) {
	out.IncallExtension, err = c.importNumber(row["incall_exten"], row["incall_context"])
	return err
}

// importNumber finds an extension or makes it; no number is nil.
func (c *call) importNumber(exten, context string) (*int, error) {
	if exten == "" {
		return nil, nil
	}
	if id, found := c.extenNumber.first(key{exten, context}); found {
		return &id, nil
	}
	apply, err := loadRow(extensionSchema, map[string]any{"exten": exten, "context": context}, true)
	if err != nil {
		return nil, err
	}
	e := &Extension{Owner: "user"}
	apply(e)
	if err := c.createExtension(e); err != nil {
		return nil, err
	}
	return &e.ID, nil
}

func importProfile(c *call, row importRow, out *imported) error {
	name := row["cti_profile_name"]
	if name == "" {
		return nil
	}
	for p := range c.profiles.all() {
		if p.Name == name {
			out.ProfileID = &p.ID
			return nil
		}
	}
	return unknownRef("cti_profile_name", "CtiProfile", meta{"cti_profile_name", name})
}

func importEntity(c *call, row importRow, out *imported) error {
	cell := row["entity_id"]
	if cell == "" {
		return nil
	}
	id, err := strconv.Atoi(cell)
	if err != nil {
		return badRequest("Input Error - field 'entity_id': wrong type. Should be a integer")
	}
	if c.entities.get(id) == nil {
		return notFound("Entity", meta{"id", id})
	}
	u := *c.users.get(*out.UserID)
	u.EntityID = id
	c.users.put(u.ID, &u)
	return nil
}
