package xivosim

// fallbacksView is where calls go that a user does not take.
type fallbacksView struct {
	NoAnswer   map[string]any `json:"noanswer_destination"`
	Busy       map[string]any `json:"busy_destination"`
	Congestion map[string]any `json:"congestion_destination"`
	Fail       map[string]any `json:"fail_destination"`
}

func (c *call) showFallbacks(u *User) fallbacksView {
	show := func(t *Target) map[string]any {
		if t == nil {
			return nil
		}
		return c.showTarget(*t, c.sim.opt.Version)
	}
	return fallbacksView{show(u.FallbackNoAnswer), show(u.FallbackBusy), show(u.FallbackCongestion), show(u.FallbackFail)}
}

func getFallbacks(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(c.showFallbacks(u))
}

func putFallbacks(c *call) (*answer, error) {
	old, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	u := *old
	var f faults
	for name, place := range map[string]**Target{
		"noanswer_destination": &u.FallbackNoAnswer, "busy_destination": &u.FallbackBusy,
		"congestion_destination": &u.FallbackCongestion, "fail_destination": &u.FallbackFail,
	} {
		raw, given := body[name]
		if !given {
			continue
		}
		*place = nil
		if raw == nil {
			continue
		}
		t, complaint := readTarget(raw)
		if complaint != nil {
			f.add(name, *complaint)
			continue
		}
		if err := c.checkTarget(t); err != nil {
			return nil, err
		}
		*place = &t
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	c.users.put(u.ID, &u)
	return noContent()
}
