package xivosim

type lineView struct {
	ID                    int        `json:"id"`
	Name                  *string    `json:"name"`
	Protocol              *string    `json:"protocol"`
	DeviceID              *string    `json:"device_id"`
	DeviceSlot            int        `json:"device_slot"`
	ProvisioningExtension string     `json:"provisioning_extension"`
	Context               string     `json:"context"`
	ProvisioningCode      string     `json:"provisioning_code"`
	Position              int        `json:"position"`
	CallerIDName          *string    `json:"caller_id_name"`
	CallerIDNum           *string    `json:"caller_id_num"`
	Registrar             string     `json:"registrar"`
	Links                 []link     `json:"links"`
	EndpointSIP           *sipRef    `json:"endpoint_sip"`
	EndpointSCCP          *plainRef  `json:"endpoint_sccp"`
	EndpointCustom        *customRef `json:"endpoint_custom"`
	Extensions            []extenRef `json:"extensions"`
	Users                 []userRef  `json:"users"`
}

func (c *call) showLine(l *Line) any {
	v := lineView{
		ID: l.ID, Name: orNull(c.lineName(l)), Protocol: orNull(l.Endpoint), DeviceID: orNull(l.DeviceID),
		DeviceSlot: l.Position, ProvisioningExtension: l.ProvisioningCode, Context: l.Context,
		ProvisioningCode: l.ProvisioningCode, Position: l.Position, Registrar: l.Registrar,
		Links: c.links("lines", "lines", l.ID), Extensions: c.lineExtenRefs(l.ID), Users: []userRef{},
	}
	if s := c.lineSIP(l); s != nil {
		name, number := splitCallerID(s.CallerID)
		v.CallerIDName, v.CallerIDNum = orNull(name), orNull(number)
	}
	v.EndpointSIP, v.EndpointSCCP, v.EndpointCustom = c.endpointRefs(l)
	for _, link := range c.usersOf(l.ID) {
		v.Users = append(v.Users, c.userRef(c.users.get(link.UserID)))
	}
	return v
}

// lineSIP is a line's SIP endpoint, nil when it has none.
func (c *content) lineSIP(l *Line) *SIP {
	if l.Endpoint != "sip" {
		return nil
	}
	return c.sip.get(l.EndpointID)
}

// lineName is the endpoint's.
func (c *content) lineName(l *Line) string {
	if s := c.lineSIP(l); s != nil {
		return s.Username
	}
	if e := c.plain["custom"].get(l.EndpointID); e != nil && l.Endpoint == "custom" {
		return e.Interface
	}
	return ""
}

func (c *content) lineColumns() columns[Line] {
	code := func(l *Line) string { return l.ProvisioningCode }
	position := numberColumn("position", func(l *Line) int { return l.Position })
	slot := numberColumn("device_slot", func(l *Line) int { return l.Position })
	position.sought, slot.sought = true, true
	return columns[Line]{
		textColumn("name", c.lineName),
		textColumn("context", func(l *Line) string { return l.Context }),
		textColumn("provisioning_code", code),
		textColumn("provisioning_extension", code),
		position, slot,
		textColumn("protocol", func(l *Line) string { return l.Endpoint }),
		textColumn("device_id", func(l *Line) string { return l.DeviceID }),
	}
}
