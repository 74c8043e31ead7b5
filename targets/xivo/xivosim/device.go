package xivosim

import (
	"regexp"
	"slices"
)

// Device is a phone that the provisioning server knows.
type Device struct {
	Seq         int    `json:"seq"`
	ID          string `json:"id"` // 32 hexadecimal digits
	IP          string `json:"ip,omitempty"`
	MAC         string `json:"mac,omitempty"`
	SN          string `json:"sn,omitempty"`
	Plugin      string `json:"plugin,omitempty"`
	Vendor      string `json:"vendor,omitempty"`
	Model       string `json:"model,omitempty"`
	Version     string `json:"version,omitempty"`
	Description string `json:"description,omitempty"`
	TemplateID  string `json:"template_id,omitempty"`
}

var macPattern = regexp.MustCompile(`^([0-9A-Fa-f]{2})(:[0-9A-Fa-f]{2}){5}$`)

// deviceColumns are a device's texts by the API's names; all may be null.
var deviceColumns = []struct {
	name string
	at   func(*Device) *string
	rule rule
}{
	{"ip", func(d *Device) *string { return &d.IP }, rule{}},
	{"mac", func(d *Device) *string { return &d.MAC }, rule{pattern: macPattern}},
	{"sn", func(d *Device) *string { return &d.SN }, rule{}},
	{"plugin", func(d *Device) *string { return &d.Plugin }, rule{}},
	{"vendor", func(d *Device) *string { return &d.Vendor }, rule{}},
	{"model", func(d *Device) *string { return &d.Model }, rule{}},
	{"version", func(d *Device) *string { return &d.Version }, rule{}},
	{"description", func(d *Device) *string { return &d.Description }, rule{}},
	{"template_id", func(d *Device) *string { return &d.TemplateID }, rule{}},
}

func deviceSchema() (s schema[Device]) {
	for _, col := range deviceColumns {
		r := col.rule
		r.name, r.null = col.name, nullResets
		s = append(s, textField(col.at, r))
	}
	return s
}

func deviceRoutes() []*route {
	touch := methods{"GET": touchDevice}
	return []*route{
		{path: "devices", acl: "devices", methods: methods{"GET": listDevices, "POST": postDevice}},
		{path: "devices/{device}", acl: "devices.{device}", methods: methods{"GET": getDevice, "DELETE": deleteDevice}},
		{path: "devices/{device}/autoprov", acl: "devices.{device}.autoprov", methods: touch},
		{path: "devices/{device}/synchronize", acl: "devices.{device}.synchronize", methods: touch},
		{path: "devices/{device}/lines", acl: "devices.{device}.lines", methods: methods{"GET": listDeviceLines}},
		{path: "lines/{line}/devices", acl: "lines.{line}.devices", methods: methods{"GET": getLineDevice}},
		{path: "lines/{line}/devices/{device}", acl: "lines.{line}.devices.{device}", methods: methods{"PUT": putLineDevice, "DELETE": deleteLineDevice}},
	}
}

func (c *call) deviceLink(id string) link {
	return link{base(c.r) + "/1.1/devices/" + id, "devices"}
}

func (c *call) showDevice(d *Device) any {
	v := map[string]any{"id": d.ID, "status": "not_configured", "options": nil, "links": []link{c.deviceLink(d.ID)}}
	for _, col := range deviceColumns {
		v[col.name] = orNull(*col.at(d))
	}
	return v
}

func listDevices(c *call) (*answer, error) {
	items := showAll(slices.Collect(c.devices.all()), c.showDevice)
	return ok(pageOf(items))
}

func postDevice(c *call) (*answer, error) {
	apply, err := loadBody(c, deviceSchema(), true)
	if err != nil {
		return nil, err
	}
	d := &Device{}
	apply(d)
	for other := range c.devices.all() {
		if d.MAC != "" && other.MAC == d.MAC {
			return nil, exists("Device", meta{"mac", d.MAC})
		}
	}
	d.Seq, d.ID = c.devices.newID(), c.sim.hex(32)
	c.devices.put(d.Seq, d)
	return created("devices/"+d.ID, c.showDevice(d))
}

func (c *call) device() (*Device, error) {
	for d := range c.devices.all() {
		if d.ID == c.params["device"] {
			return d, nil
		}
	}
	return nil, notFound("Device", meta{"id", c.params["device"]})
}

func getDevice(c *call) (*answer, error) {
	d, err := c.device()
	if err != nil {
		return nil, err
	}
	return ok(c.showDevice(d))
}

// touchDevice stands for the requests that only the phone would feel.
func touchDevice(c *call) (*answer, error) {
	if _, err := c.device(); err != nil {
		return nil, err
	}
	return noContent()
}

func deleteDevice(c *call) (*answer, error) {
	d, err := c.device()
	if err != nil {
		return nil, err
	}
	if lines := c.deviceLines(d.ID); len(lines) > 0 {
		return nil, associated("Device", "Line", meta{"device_id", d.ID}, meta{"line_ids", pyRaw("'" + joinIDs(lines, ",") + "'")})
	}
	c.devices.remove(d.Seq)
	return noContent()
}
