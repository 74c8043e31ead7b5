package xivosim

type forwardView struct {
	Enabled     bool    `json:"enabled"`
	Destination *string `json:"destination"`
}

type forwardsView struct {
	Busy          forwardView `json:"busy"`
	NoAnswer      forwardView `json:"noanswer"`
	Unconditional forwardView `json:"unconditional"`
}

func showForward(f Forward) forwardView { return forwardView{f.Enabled, orNull(f.Destination)} }

func showForwards(u *User) forwardsView {
	return forwardsView{showForward(u.Busy), showForward(u.NoAnswer), showForward(u.Unconditional)}
}

// forward is the row's place of one of the three.
func (u *User) forward(name string) *Forward {
	switch name {
	case "busy":
		return &u.Busy
	case "noanswer":
		return &u.NoAnswer
	}
	return &u.Unconditional
}

var forwardSchema = schema[Forward]{
	flagField(func(f *Forward) *bool { return &f.Enabled }, rule{name: "enabled"}),
	textField(func(f *Forward) *string { return &f.Destination }, rule{name: "destination", null: nullResets, max: 128}),
}

func getForwards(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(showForwards(u))
}

func putForwards(c *call) (*answer, error) {
	old, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	u := *old
	for _, name := range []string{"busy", "noanswer", "unconditional"} {
		part, given := body[name].(map[string]any)
		if !given {
			continue
		}
		if err := u.forward(name).load(part); err != nil {
			return nil, err
		}
	}
	c.users.put(u.ID, &u)
	return noContent()
}

// load refuses a forward that is on and goes nowhere.
func (f *Forward) load(body map[string]any) error {
	apply, err := forwardSchema.load(body, false)
	if err != nil {
		return err
	}
	apply(f)
	if f.Enabled && f.Destination == "" {
		return badRequest("Resource Error - Forward must be disabled to remove destination")
	}
	return nil
}

func oneForward(name string) methods {
	return methods{
		"GET": func(c *call) (*answer, error) {
			u, err := c.user()
			if err != nil {
				return nil, err
			}
			return ok(showForward(*u.forward(name)))
		},
		"PUT": func(c *call) (*answer, error) { return putForward(c, name) },
	}
}

func putForward(c *call, name string) (*answer, error) {
	old, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	u := *old
	if err := u.forward(name).load(body); err != nil {
		return nil, err
	}
	c.users.put(u.ID, &u)
	return noContent()
}
