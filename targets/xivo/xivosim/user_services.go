package xivosim

type switchView struct {
	Enabled bool `json:"enabled"`
}

type servicesView struct {
	DND          switchView `json:"dnd"`
	IncallFilter switchView `json:"incallfilter"`
}

func showServices(u *User) servicesView {
	return servicesView{switchView{u.DoNotDisturb}, switchView{u.IncallFilter}}
}

func (u *User) service(name string) *bool {
	if name == "dnd" {
		return &u.DoNotDisturb
	}
	return &u.IncallFilter
}

func getServices(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(showServices(u))
}

var switchSchema = schema[switchView]{
	flagField(func(s *switchView) *bool { return &s.Enabled }, rule{name: "enabled", required: true}),
}

func oneService(name string) methods {
	return methods{
		"GET": func(c *call) (*answer, error) {
			u, err := c.user()
			if err != nil {
				return nil, err
			}
			return ok(switchView{*u.service(name)})
		},
		"PUT": func(c *call) (*answer, error) { return putService(c, name) },
	}
}

func putService(c *call, name string) (*answer, error) {
	old, err := c.user()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, switchSchema, true)
	if err != nil {
		return nil, err
	}
	var on switchView
	apply(&on)
	u := *old
	*u.service(name) = on.Enabled
	c.users.put(u.ID, &u)
	return noContent()
}
