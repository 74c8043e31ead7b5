package config

import (
	"net"
	"path/filepath"
	"time"
)

// schedule checks the time zone, and that the jitter stays below each interval:
// else a run would come after the next one.
func (c *checker) schedule() {
	s := c.cfg.Schedule
	if _, err := s.Location(); err != nil {
		c.add("schedule.time_zone", "give a name such as Europe/Paris", "%q is no time zone that this machine knows", s.TimeZone)
	}
	for key, times := range map[string]Times{"incremental": s.Incremental, "full": s.Full, "audit": s.Audit} {
		if every := times.Every(); every > 0 && s.Jitter.Std() >= every && !c.has("schedule."+key) {
			c.add("schedule.jitter", "", "%s is not less than the %s between two runs of schedule.%s", s.Jitter, every.Round(time.Second), key)
		}
	}
}

// metrics checks the address and the name of the file.
func (c *checker) metrics() {
	m := c.cfg.Metrics
	if m.Listen != "" {
		if _, port, err := net.SplitHostPort(m.Listen); err != nil || port == "" {
			c.add("metrics.listen", "", "%q is no address such as 127.0.0.1:9817", m.Listen)
		}
	}
	if m.Textfile != "" && filepath.Ext(m.Textfile) != ".prom" {
		c.add("metrics.textfile", "", "%q does not end with .prom: the textfile collector would not read it", m.Textfile)
	}
}
