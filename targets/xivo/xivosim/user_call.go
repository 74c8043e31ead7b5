package xivosim

import (
	"strconv"
	"strings"
)

func userRoutes() []*route {
	return []*route{
		{path: "users", acl: "users", methods: methods{"GET": listUsers, "POST": postUser}},
		{path: "users/export", acl: "users.export", methods: methods{"GET": exportUsers}},
		{path: "users/import", acl: "users.import", methods: methods{
			"POST": importUsers("created", createRow), "PUT": importUsers("updated", updateRow),
		}},
		{path: "users/{user}", acl: "users.{user}", methods: methods{"GET": getUser, "PUT": putUser, "DELETE": deleteUser}},
		{path: "users/{user}/forwards", acl: "users.{user}.forwards", methods: methods{"GET": getForwards, "PUT": putForwards}},
		{path: "users/{user}/forwards/busy", acl: "users.{user}.forwards.busy", methods: oneForward("busy")},
		{path: "users/{user}/forwards/noanswer", acl: "users.{user}.forwards.noanswer", methods: oneForward("noanswer")},
		{path: "users/{user}/forwards/unconditional", acl: "users.{user}.forwards.unconditional", methods: oneForward("unconditional")},
		{path: "users/{user}/services", acl: "users.{user}.services", methods: methods{"GET": getServices, "PUT": emptyMethod}},
		{path: "users/{user}/services/dnd", acl: "users.{user}.services.dnd", methods: oneService("dnd")},
		{path: "users/{user}/services/incallfilter", acl: "users.{user}.services.incallfilter", methods: oneService("incallfilter")},
		{path: "users/{user}/fallbacks", acl: "users.{user}.fallbacks", newer: true, methods: methods{"GET": getFallbacks, "PUT": putFallbacks}},
		{path: "users/{user}/entities", acl: "users.{user}.entities", methods: methods{"GET": getUserEntity}},
		{path: "users/{user}/entities/{entity}", acl: "users.{user}.entities.{entity}", methods: methods{"PUT": putUserEntity}},
		{path: "users/{user}/cti", acl: "users.{user}.cti", methods: methods{"GET": getUserCTI, "PUT": putUserCTI}},
	}
}

// user fetches the user of the path, by number or uuid.
func (c *call) user() (*User, error) {
	name := c.params["user"]
	if uuidPattern.MatchString(name) {
		name = strings.ToLower(name)
		if id, ok := c.userUUID.first(name); ok {
			return c.users.get(id), nil
		}
		return nil, notFound("User", meta{"id", pyRaw("UUID('" + name + "')")})
	}
	id, err := strconv.Atoi(name)
	if u := c.users.get(id); u != nil && err == nil {
		return u, nil
	}
	return nil, notFound("User", meta{"id", pyRaw(name)})
}

func getUser(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(c.showUser(u))
}

func postUser(c *call) (*answer, error) {
	apply, err := loadBody(c, userSchema, true)
	if err != nil {
		return nil, err
	}
	u, err := c.createUser(apply)
	if err != nil {
		return nil, err
	}
	return created("users/"+strconv.Itoa(u.ID), c.showUser(u))
}

// createUser makes a user with the defaults of a fresh row: the first entity,
// a caller id of the name, a private template of function keys.
func (c *call) createUser(apply func(*User)) (*User, error) {
	u := &User{Supervision: true, RingSeconds: 30, SimultaneousCalls: 5, Enabled: true}
	apply(u)
	if err := c.checkUser(u); err != nil {
		return nil, err
	}
	u.ID, u.UUID = c.users.newID(), c.sim.newUUID()
	if u.CallerID == "" {
		u.CallerID = `"` + u.fullName() + `"`
	}
	for e := range c.entities.all() {
		u.EntityID = e.ID
		break
	}
	c.templates++
	u.FuncKeyTemplateID, u.FuncKeyID = c.templates, c.newFuncKey()
	c.users.put(u.ID, u)
	return u, nil
}

// checkUser refuses an e-mail address (in any case) or a login that another has.
func (c *call) checkUser(u *User) error {
	if u.Email != nil && c.userEmail.takenBy(strings.ToLower(*u.Email), u.ID) {
		return exists("User", meta{"email", *u.Email})
	}
	if u.Username != "" && c.userName.takenBy(u.Username, u.ID) {
		return exists("User", meta{"username", u.Username})
	}
	return nil
}

// putUser changes what is in the body; the mailbox takes the person's name and
// the phones his caller id whether or not they changed.
func putUser(c *call) (*answer, error) {
	old, err := c.user()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, userSchema, false)
	if err != nil {
		return nil, err
	}
	if err := c.editUser(old, apply); err != nil {
		return nil, err
	}
	return noContent()
}

func (c *call) editUser(old *User, apply func(*User)) error {
	u := *old
	apply(&u)
	if err := c.checkUser(&u); err != nil {
		return err
	}
	c.users.put(u.ID, &u)
	c.nameVoicemail(&u)
	for _, l := range c.linksOf(u.ID) {
		c.refreshLine(l.LineID)
	}
	return nil
}

// deleteUser is refused while a voicemail or a line is on. Incalls to the user
// stay and point nowhere.
func deleteUser(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if u.VoicemailID != 0 {
		return nil, associated("User", "Voicemail", meta{"user_id", u.ID}, meta{"voicemail_id", u.VoicemailID})
	}
	if ids := c.lineIDs(u.ID); len(ids) > 0 {
		return nil, associated("User", "Line", meta{"line_ids", pyRaw(pyTuple(ids))})
	}
	c.leaveGroups(u.ID)
	c.dropKeysTo("user", u.ID)
	c.users.remove(u.ID)
	return noContent()
}

func pyTuple(ids []int) string {
	if len(ids) == 1 {
		return "(" + strconv.Itoa(ids[0]) + ",)"
	}
	return "(" + joinIDs(ids, ", ") + ")"
}
