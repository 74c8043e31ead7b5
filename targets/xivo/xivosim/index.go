package xivosim

import (
	"slices"
	"strings"
)

// index finds the ids of the rows that have a value, in ascending order. Most
// values have one row: only the others cost a list.
type index[K comparable] struct {
	one  map[K]int
	many map[K][]int
}

func newIndex[K comparable]() index[K] { return index[K]{map[K]int{}, map[K][]int{}} }

// ids returns a list that is the caller's.
func (x index[K]) ids(k K) []int {
	if id, ok := x.one[k]; ok {
		return []int{id}
	}
	return slices.Clone(x.many[k])
}

func (x index[K]) len(k K) int {
	if _, ok := x.one[k]; ok {
		return 1
	}
	return len(x.many[k])
}

func (x index[K]) first(k K) (id int, ok bool) {
	if id, ok = x.one[k]; ok {
		return id, true
	}
	if ids := x.many[k]; len(ids) > 0 {
		return ids[0], true
	}
	return 0, false
}

// takenBy tells whether another row than this one has the value.
func (x index[K]) takenBy(k K, self int) bool {
	if id, ok := x.one[k]; ok {
		return id != self
	}
	return len(x.many[k]) > 0 // two rows at least: one of them is another
}

// set notes that a row has the value, or has it no more.
func (x index[K]) set(k K, id int, present bool) {
	ids := x.ids(k)
	i, found := slices.BinarySearch(ids, id)
	switch {
	case present && !found:
		ids = slices.Insert(ids, i, id)
	case !present && found:
		ids = slices.Delete(ids, i, i+1)
	}
	delete(x.one, k)
	delete(x.many, k)
	switch len(ids) {
	case 0:
	case 1:
		x.one[k] = ids[0]
	default:
		x.many[k] = ids
	}
}

// newContent returns an empty content whose tables keep its indexes.
func newContent() *content {
	c := &content{
		liveReload: true, funcKeys: firstFuncKey,
		timezones:  []string{"eu-fr"},
		registrars: []string{"default"},
		plain:      map[string]*table[Endpoint]{},

		userUUID: newIndex[string](), userEmail: newIndex[string](), userName: newIndex[string](), userVoicemail: newIndex[int](),
		contextName: newIndex[string](), lineCode: newIndex[string](), lineEndpoint: newIndex[tie](), sipName: newIndex[string](),
		extenNumber: newIndex[key](), extenOwner: newIndex[tie](), mailbox: newIndex[key](), incallUser: newIndex[int](),
		linksOfUser: newIndex[int](), linksOfLine: newIndex[int](), extensOfLine: newIndex[int](), linesOfExten: newIndex[int](), groupsOfUser: newIndex[int](),
	}
	c.entities = newTable[Entity](&c.undo, nil)
	c.profiles = newTable[Profile](&c.undo, nil)
	c.agents = newTable[Agent](&c.undo, nil)
	c.permissions = newTable[CallPermission](&c.undo, nil)
	c.groups = newTable(&c.undo, func(g *Group, on bool) {
		for _, id := range g.UserIDs {
			c.groupsOfUser.set(id, g.ID, on)
		}
	})
	c.queues = newTable[Queue](&c.undo, nil)
	c.devices = newTable[Device](&c.undo, nil)
	c.plain["sccp"] = newTable[Endpoint](&c.undo, nil)
	c.plain["custom"] = newTable[Endpoint](&c.undo, nil)
	c.contexts = newTable(&c.undo, func(r *Context, on bool) { c.contextName.set(r.Name, r.ID, on) })
	c.users = newTable(&c.undo, c.indexUser)
	c.lines = newTable(&c.undo, c.indexLine)
	c.sip = newTable(&c.undo, func(r *SIP, on bool) { c.sipName.set(r.Username, r.ID, on) })
	c.extensions = newTable(&c.undo, c.indexExtension)
	c.voicemails = newTable(&c.undo, func(r *Voicemail, on bool) { c.mailbox.set(key{r.Number, r.Context}, r.ID, on) })
	c.incalls = newTable(&c.undo, c.indexIncall)
	c.userLines = newTable(&c.undo, func(r *UserLine, on bool) {
		c.linksOfUser.set(r.UserID, r.ID, on)
		c.linksOfLine.set(r.LineID, r.ID, on)
	})
	c.lineExtens = newTable(&c.undo, func(r *LineExten, on bool) {
		c.extensOfLine.set(r.LineID, r.ID, on)
		c.linesOfExten.set(r.ExtenID, r.ID, on)
	})
	return c
}

func (c *content) indexUser(u *User, on bool) {
	c.userUUID.set(u.UUID, u.ID, on)
	if u.Email != nil {
		c.userEmail.set(strings.ToLower(*u.Email), u.ID, on)
	}
	if u.Username != "" {
		c.userName.set(u.Username, u.ID, on)
	}
	if u.VoicemailID != 0 {
		c.userVoicemail.set(u.VoicemailID, u.ID, on)
	}
}

func (c *content) indexLine(l *Line, on bool) {
	c.lineCode.set(l.ProvisioningCode, l.ID, on)
	if l.EndpointID != 0 {
		c.lineEndpoint.set(tie{l.Endpoint, l.EndpointID}, l.ID, on)
	}
}

func (c *content) indexExtension(e *Extension, on bool) {
	c.extenNumber.set(key{e.Exten, e.Context}, e.ID, on)
	if e.OwnerID != 0 {
		c.extenOwner.set(tie{e.Owner, e.OwnerID}, e.ID, on)
	}
}

func (c *content) indexIncall(i *Incall, on bool) {
	if i.Destination.Type == "user" {
		c.incallUser.set(i.Destination.id("user_id"), i.ID, on)
	}
}
