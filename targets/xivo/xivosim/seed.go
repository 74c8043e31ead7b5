package xivosim

import "strings"

// serviceCodes are the extensions of context xivo-features of a fresh XiVO,
// ids 1 to 33; a leading - marks the commented ones.
const serviceCodes = `_*31. _*32. _*30. _*37. _*664. -*34 _*667. _*665. -*26 _*666. *36 *25 *90 _*90. _*23. _*22. _*21.
*20 *48378 *27 *10 _*735. _*8. *9 _*99. -_*93. _*97. *98 -*92 -_*92. _*96. _*11. *40`

// seed fills a fresh XiVO as the recordings found it.
func (c *content) seed(uuid string) {
	c.uuid = uuid
	c.entities.put(c.entities.newID(), &Entity{ID: 1, Name: "xivotest", DisplayName: "xivotest"})
	for _, name := range []string{"Supervisor", "Agent", "Client", "Switchboard"} {
		id := c.profiles.newID()
		c.profiles.put(id, &Profile{id, name})
	}
	for _, ctx := range []Context{
		{
			Name: "default", Label: new("Default"), Type: "internal",
			Users: span("1000", "1999"), Groups: span("2000", "2999"), Queues: span("3000", "3999"), Rooms: span("4000", "4999"),
		},
		{Name: "from-extern", Label: new("Incalls"), Type: "incall", Incalls: span("1000", "9999")},
		{Name: "to-extern", Label: new("Outcalls"), Type: "outcall"},
	} {
		ctx.ID, ctx.Description, ctx.Enabled = c.contexts.newID(), new(""), true
		c.contexts.put(ctx.ID, &ctx)
	}
	for _, code := range strings.Fields(serviceCodes) {
		exten, commented := strings.CutPrefix(code, "-")
		id := c.extensions.newID()
		c.extensions.put(id, &Extension{ID: id, Exten: exten, Context: "xivo-features", Commented: commented, Owner: "extenfeatures", OwnerID: id})
	}
}

func span(from, to string) []Range { return []Range{{Start: from, End: to}} }
