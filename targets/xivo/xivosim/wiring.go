package xivosim

import "slices"

// linksOf are a user's lines, the main line first, then by age.
func (c *content) linksOf(userID int) []*UserLine {
	var links []*UserLine
	for _, id := range c.linksOfUser.ids(userID) {
		links = append(links, c.userLines.get(id))
	}
	slices.SortStableFunc(links, func(a, b *UserLine) int { return mainFirst(a.MainLine, b.MainLine) })
	return links
}

// usersOf are a line's users, the main user first, then by age.
func (c *content) usersOf(lineID int) []*UserLine {
	var links []*UserLine
	for _, id := range c.linksOfLine.ids(lineID) {
		links = append(links, c.userLines.get(id))
	}
	slices.SortStableFunc(links, func(a, b *UserLine) int { return mainFirst(a.MainUser, b.MainUser) })
	return links
}

func mainFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (c *content) mainLink(userID int) *UserLine {
	for _, id := range c.linksOfUser.ids(userID) {
		if l := c.userLines.get(id); l.MainLine {
			return l
		}
	}
	return nil
}

// mainUser is the user a line rings as, nil for none.
func (c *content) mainUser(lineID int) *User {
	for _, l := range c.usersOf(lineID) {
		if l.MainUser {
			return c.users.get(l.UserID)
		}
	}
	return nil
}

// mainExten is a line's number, nil for none.
func (c *content) mainExten(lineID int) *Extension {
	for _, id := range c.extensOfLine.ids(lineID) {
		if l := c.lineExtens.get(id); l.Main {
			return c.extensions.get(l.ExtenID)
		}
	}
	return nil
}

func (c *content) lineIDs(userID int) (ids []int) {
	for _, l := range c.linksOf(userID) {
		ids = append(ids, l.LineID)
	}
	slices.Sort(ids)
	return ids
}

func (c *content) userIDs(lineID int) (ids []int) {
	for _, l := range c.usersOf(lineID) {
		ids = append(ids, l.UserID)
	}
	slices.Sort(ids)
	return ids
}

func (c *content) extenIDs(lineID int) (ids []int) {
	for _, id := range c.extensOfLine.ids(lineID) {
		ids = append(ids, c.lineExtens.get(id).ExtenID)
	}
	return ids
}

// linesWith are the lines that have an extension.
func (c *content) linesWith(extenID int) (ids []int) {
	for _, id := range c.linesOfExten.ids(extenID) {
		ids = append(ids, c.lineExtens.get(id).LineID)
	}
	slices.Sort(ids)
	return ids
}

// lineExten is the link of a line and an extension, nil for none.
func (c *content) lineExten(lineID, extenID int) *LineExten {
	for _, id := range c.extensOfLine.ids(lineID) {
		if l := c.lineExtens.get(id); l.ExtenID == extenID {
			return l
		}
	}
	return nil
}

// userLine is the link of a user and a line, nil for none.
func (c *content) userLine(userID, lineID int) *UserLine {
	for _, id := range c.linksOfUser.ids(userID) {
		if l := c.userLines.get(id); l.LineID == lineID {
			return l
		}
	}
	return nil
}
