package xivosim

// associateRow ties a row's resources together, refusing what the single
// requests would refuse.
func (c *call) associateRow(row importRow, out *imported) error {
	for _, step := range []func(*call, importRow, *imported) error{
		associateVoicemail, associateProfile, associateLine, associateExtension, associateIncall,
	} {
		if err := step(c, row, out); err != nil {
			return err
		}
	}
	return nil
}

func associateVoicemail(c *call, _ importRow, out *imported) error {
	if out.VoicemailID == nil {
		return nil
	}
	if err := c.attachVoicemail(c.users.get(*out.UserID), *out.VoicemailID); err != nil {
		return err
	}
	c.nameVoicemail(c.users.get(*out.UserID))
	return nil
}

func associateProfile(c *call, row importRow, out *imported) error {
	body, err := row.body("cti_profile_", nil, []string{"enabled"}, nil)
	if err != nil {
		return err
	}
	u := *c.users.get(*out.UserID)
	if out.ProfileID != nil {
		u.CTIProfileID = *out.ProfileID
	}
	if on, given := body["enabled"].(bool); given {
		u.CTIEnabled = on
	}
	if u.CTIEnabled && (u.Username == "" || u.Password == "") {
		return noLogin(&u)
	}
	c.users.put(u.ID, &u)
	return nil
}

func associateLine(c *call, _ importRow, out *imported) error {
	if out.LineID == nil {
		return nil
	}
	kind, id := "sip", out.SIPID
	if id == nil {
		kind, id = "sccp", out.SCCPID
	}
	if err := c.attachEndpoint(c.lines.get(*out.LineID), kind, *id); err != nil {
		return err
	}
	_, err := c.attachLine(c.users.get(*out.UserID), c.lines.get(*out.LineID))
	return err
}

func associateExtension(c *call, _ importRow, out *imported) error {
	if out.LineID == nil || out.ExtensionID == nil {
		return nil
	}
	return c.attachExtension(c.lines.get(*out.LineID), c.extensions.get(*out.ExtensionID))
}

// associateIncall routes the DID to the user.
func associateIncall(c *call, row importRow, out *imported) error {
	if out.IncallExtension == nil {
		return nil
	}
	ring := any(nil)
	body, err := row.body("incall_", nil, nil, []string{"ring_seconds"})
	if err != nil {
		return err
	}
	if n, given := pyFloat(body["ring_seconds"]); given {
		ring = seconds(n)
	}
	i := &Incall{Destination: Target{"user", map[string]any{"user_id": *out.UserID, "ring_time": ring}}}
	c.createIncall(i)
	return c.attachNumber(i, c.extensions.get(*out.IncallExtension))
}
