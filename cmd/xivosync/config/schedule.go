package config

import (
	"encoding/json"
	"time"

	"xivosync/cmd/xivosync/schedule"
)

// Times says when something is due, as [schedule.Parse] reads it.
type Times struct{ schedule.Times }

func (t *Times) kind() string {
	return `duration such as "5m", or cron expression such as "30 2 * * *"`
}

func (t *Times) read(from any) (err error) {
	text, ok := from.(string)
	if !ok {
		return wrongKind(t.kind(), from)
	}
	t.Times, err = schedule.Parse(text)
	return err
}

// MarshalJSON writes the text that the file has.
func (t Times) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// Location returns the time zone of the cron expressions.
func (s Schedule) Location() (*time.Location, error) {
	if s.TimeZone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(s.TimeZone)
}

// ControlSocket returns the path of the control socket.
func (c *Config) ControlSocket() string {
	if c.Serve.Socket != "" {
		return c.Serve.Socket
	}
	return c.State.Path + ".sock"
}
