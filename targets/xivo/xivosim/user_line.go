package xivosim

import "strconv"

func userLineRoutes() []*route {
	return []*route{
		{path: "users/{user}/lines", acl: "users.{user}.lines", methods: methods{"GET": listUserLines, "POST": postUserLine}},
		{path: "users/{user}/lines/{line}", acl: "users.{user}.lines.{line}", methods: methods{"PUT": putUserLine, "DELETE": deleteUserLine}},
		{path: "lines/{line}/users", acl: "lines.{line}.users", methods: methods{"GET": listLineUsers}},
	}
}

type userLineView struct {
	UserID   int    `json:"user_id"`
	LineID   int    `json:"line_id"`
	MainUser bool   `json:"main_user"`
	MainLine bool   `json:"main_line"`
	Links    []link `json:"links"`
}

func (c *call) showUserLine(l *UserLine) userLineView {
	return userLineView{
		l.UserID, l.LineID, l.MainUser, l.MainLine,
		[]link{c.at("lines", "lines", l.LineID), c.at("users", "users", l.UserID)},
	}
}

func (c *call) showUserLines(links []*UserLine) (*answer, error) {
	var items []userLineView
	for _, l := range links {
		items = append(items, c.showUserLine(l))
	}
	return ok(pageOf(items))
}

func listUserLines(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return c.showUserLines(c.linksOf(u.ID))
}

func listLineUsers(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	return c.showUserLines(c.usersOf(l.ID))
}

// pathUserLine fetches what a user-line association is about.
func (c *call) pathUserLine() (*User, *Line, error) {
	u, err := c.user()
	if err != nil {
		return nil, nil, err
	}
	l, err := c.line()
	return u, l, err
}

func putUserLine(c *call) (*answer, error) {
	u, l, err := c.pathUserLine()
	if err != nil {
		return nil, err
	}
	if _, err := c.attachLine(u, l); err != nil {
		return nil, err
	}
	return noContent()
}

func postUserLine(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	id, err := c.readRightID("line_id")
	if err != nil {
		return nil, err
	}
	l := c.lines.get(id)
	if l == nil {
		return nil, unknownRef("line_id", "Line")
	}
	link, err := c.attachLine(u, l)
	if err != nil {
		return nil, err
	}
	return created("users/"+strconv.Itoa(u.ID)+"/lines/"+strconv.Itoa(l.ID), c.showUserLine(link))
}

// attachLine gives a user a line: his first is his main line, and its first
// user is its main user.
func (c *call) attachLine(u *User, l *Line) (*UserLine, error) {
	if l.EndpointID == 0 {
		return nil, mustBeAssociated("Line", "Endpoint", meta{"line_id", l.ID})
	}
	if c.userLine(u.ID, l.ID) != nil {
		return nil, associated("User", "Line", meta{"user_id", u.ID}, meta{"line_id", l.ID})
	}
	if err := c.checkNumberOfOthers(u, l); err != nil {
		return nil, err
	}
	link := &UserLine{
		ID: c.userLines.newID(), UserID: u.ID, LineID: l.ID,
		MainUser: c.linksOfLine.len(l.ID) == 0, MainLine: c.linksOfUser.len(u.ID) == 0,
	}
	c.userLines.put(link.ID, link)
	c.refreshLine(l.ID)
	c.nameVoicemail(u)
	return link, nil
}

// checkNumberOfOthers refuses a second person behind a number that several
// lines share.
func (c *call) checkNumberOfOthers(u *User, l *Line) error {
	for _, extenID := range c.extenIDs(l.ID) {
		for _, other := range c.linesWith(extenID) {
			if main := c.mainUser(other); other != l.ID && main != nil && main.ID != u.ID {
				return associated("Line", "Extension", meta{"line_id", other}, meta{"extension_id", extenID})
			}
		}
	}
	return nil
}

// deleteUserLine takes a line off; the user leaves all his groups.
func deleteUserLine(c *call) (*answer, error) {
	u, l, err := c.pathUserLine()
	if err != nil {
		return nil, err
	}
	link := c.userLine(u.ID, l.ID)
	if link == nil {
		return nil, notFound("UserLine", meta{"user_id", u.ID}, meta{"line_id", l.ID})
	}
	if link.MainUser && c.linksOfLine.len(l.ID) > 1 {
		return nil, badRequest("Resource Error - There are secondary users associated to the line%s", details([]meta{{"line_id", l.ID}}))
	}
	if err := checkNoDevice(l); err != nil {
		return nil, err
	}
	c.userLines.remove(link.ID)
	c.promoteLine(u.ID)
	c.disownExtensions(u.ID, l.ID)
	c.leaveGroups(u.ID)
	return noContent()
}

// promoteLine makes the lowest of a user's lines his main line when he lost it.
func (c *content) promoteLine(userID int) {
	ids := c.lineIDs(userID)
	if len(ids) == 0 || c.mainLink(userID) != nil {
		return
	}
	main := *c.userLine(userID, ids[0])
	main.MainLine = true
	c.userLines.put(main.ID, &main)
}

// disownExtensions makes a line's numbers nobody's when their user left.
func (c *content) disownExtensions(userID, lineID int) {
	for _, id := range c.extenIDs(lineID) {
		if e := c.extensions.get(id); e.Owner == "user" && e.OwnerID == userID {
			c.freeExtension(id)
		}
	}
}
