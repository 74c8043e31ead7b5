package xivosim

// updateRow changes what a row's cells say of a user who is found by uuid.
// Nothing can be taken away, and no number moves between people.
func updateRow(c *call, row importRow, out *imported) error {
	id, found := c.userUUID.first(row["uuid"])
	if !found {
		return notFound("User", meta{"uuid", row["uuid"]})
	}
	body, err := row.body("", userTexts, userBits, userNumbers)
	if err != nil {
		return err
	}
	apply, err := loadRow(userSchema, body, false)
	if err != nil {
		return err
	}
	if c.incallUser.len(id) > 1 {
		return badRequest("Resource Error - Operation not permitted. Cannot update when user has multiple incalls")
	}
	c.describeRow(c.users.get(id), out)
	if err := c.updateVoicemail(row, out); err != nil {
		return err
	}
	if err := c.updatePhone(row, out); err != nil {
		return err
	}
	if err := importProfile(c, row, out); err != nil {
		return err
	}
	if err := c.editUser(c.users.get(id), apply); err != nil {
		return err
	}
	return associateProfile(c, row, out)
}

// describeRow lists what a user has.
func (c *call) describeRow(u *User, out *imported) {
	out.UserID, out.UserUUID = &u.ID, &u.UUID
	if u.VoicemailID != 0 {
		out.VoicemailID = &u.VoicemailID
	}
	if u.CTIProfileID != 0 {
		out.ProfileID = &u.CTIProfileID
	}
	if dids := c.didsOf(u.ID); len(dids) > 0 {
		out.IncallExtension = &dids[0].ID
	}
	main := c.mainLink(u.ID)
	if main == nil {
		return
	}
	l := c.lines.get(main.LineID)
	out.LineID = &l.ID
	switch l.Endpoint {
	case "sip":
		out.SIPID = &l.EndpointID
	case "sccp":
		out.SCCPID = &l.EndpointID
	}
	if e := c.mainExten(l.ID); e != nil {
		out.ExtensionID = &e.ID
	}
}

func (c *call) updateVoicemail(row importRow, out *imported) error {
	if out.VoicemailID == nil {
		return nil
	}
	body, err := row.body("voicemail_", voicemailTexts, voicemailBits, nil)
	if err != nil {
		return err
	}
	apply, err := loadRow(voicemailSchema, body, false)
	if err != nil {
		return err
	}
	v := *c.voicemails.get(*out.VoicemailID)
	apply(&v)
	if err := c.checkVoicemail(&v); err != nil {
		return err
	}
	c.voicemails.put(v.ID, &v)
	return nil
}

// updatePhone changes the SIP account, the internal number and the DID.
func (c *call) updatePhone(row importRow, out *imported) error {
	if out.SIPID != nil {
		body, err := row.body("sip_", []string{"username", "secret"}, nil, nil)
		if err != nil {
			return err
		}
		apply, err := loadRow(sipSchema, body, false)
		if err != nil {
			return err
		}
		s := *c.sip.get(*out.SIPID)
		apply(&s)
		if err := c.checkSIP(&s); err != nil {
			return err
		}
		c.sip.put(s.ID, &s)
	}
	if err := c.updateNumber(out.ExtensionID, row, "exten", "context"); err != nil {
		return err
	}
	return c.updateNumber(out.IncallExtension, row, "incall_exten", "incall_context")
}

func (c *call) updateNumber(id *int, row importRow, exten, context string) error {
	if id == nil || row[exten] == "" {
		return nil
	}
	e := *c.extensions.get(*id)
	e.Exten = row[exten]
	if row[context] != "" {
		e.Context = row[context]
	}
	if err := c.checkExtension(&e); err != nil {
		return err
	}
	c.extensions.put(e.ID, &e)
	for _, line := range c.linesWith(e.ID) {
		c.refreshLine(line)
	}
	return nil
}
