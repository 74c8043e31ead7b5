package xivosim

func profileRoutes() []*route {
	return []*route{
		{path: "cti_profiles", acl: "cti_profiles", methods: methods{"GET": listProfiles, "POST": emptyMethod}},
		{path: "cti_profiles/{profile}", acl: "cti_profiles.{profile}", methods: methods{"GET": getProfile, "PUT": emptyMethod, "DELETE": emptyMethod}},
	}
}

type profileView struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Links []link `json:"links"`
}

func (c *call) showProfile(p *Profile) profileView {
	return profileView{p.ID, p.Name, c.links("cti_profiles", "cti_profiles", p.ID)}
}

// listProfiles looks at no parameter of the query.
func listProfiles(c *call) (*answer, error) {
	var items []profileView
	for _, id := range c.profiles.byID() {
		items = append(items, c.showProfile(c.profiles.get(id)))
	}
	return ok(pageOf(items))
}

func getProfile(c *call) (*answer, error) {
	id := c.params.id("profile")
	p := c.profiles.get(id)
	if p == nil {
		return nil, notFound("CtiProfile", meta{"id", id})
	}
	return ok(c.showProfile(p))
}

func getUserCTI(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	links, profile := c.links("users", "users", u.ID), (*int)(nil)
	if u.CTIProfileID != 0 {
		profile = &u.CTIProfileID
		links = []link{c.at("cti_profiles", "cti_profiles", u.CTIProfileID), links[0]}
	}
	return ok(map[string]any{"user_id": u.ID, "enabled": u.CTIEnabled, "cti_profile_id": profile, "links": links})
}

var ctiSchema = schema[User]{
	flagField(func(u *User) *bool { return &u.CTIEnabled }, rule{name: "enabled"}),
	{rule{name: "cti_profile_id", kind: whole, null: nullResets}, func(u *User, v any) {
		if id, given := v.(int); given { // null leaves the profile: it cannot be taken away
			u.CTIProfileID = id
		}
	}},
}

func putUserCTI(c *call) (*answer, error) {
	old, err := c.user()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, ctiSchema, false)
	if err != nil {
		return nil, err
	}
	u := *old
	apply(&u)
	if u.CTIProfileID != 0 && c.profiles.get(u.CTIProfileID) == nil {
		return nil, unknownRef("cti_profile_id", "CtiProfile")
	}
	if u.CTIEnabled && (u.Username == "" || u.Password == "") {
		return nil, noLogin(&u)
	}
	c.users.put(u.ID, &u)
	return noContent()
}

func noLogin(u *User) error {
	return badRequest("Resource Error - User must have a username and password to enable a CtiProfile%s", details([]meta{{"user_id", u.ID}}))
}
