package xivosim

import (
	"crypto/rand"
	"io"
	"time"
)

// Pace says how long the simulated XiVO takes for an answer.
type Pace int

const (
	// PaceNone answers as fast as it can.
	PaceNone Pace = iota
	// PaceMeasured takes the time a real confd was measured to take, and
	// serves one request at a time as its one core does.
	PaceMeasured
)

// Versions that can be simulated; they differ in a few relations of users,
// voicemails and extensions and in /contexts and /groups.
const (
	Version1614 = "16.14"
	Version1616 = "16.16"
)

// Options says what to simulate. The zero value is a 16.16 at full speed with
// the web-service user xivosync/secret that may do everything.
type Options struct {
	// Username and Password are the web-service user's, for tokens, for the
	// digest of confd and for the web interface. Default xivosync and secret.
	Username, Password string
	// ACLs are what the user's tokens may do. Default "confd.#".
	ACLs []string
	// Pace is the speed. Default PaceNone.
	Pace Pace
	// Version is Version1614 or Version1616, the default.
	Version string
	// TokenLifetime is given to tokens that ask for none. Default two hours.
	TokenLifetime time.Duration
	// IdleTimeout closes a kept-alive connection that is idle for so long; a
	// real confd closes after ten seconds. Zero never closes.
	IdleTimeout time.Duration
	// Rand is the source of uuids, secrets, codes and nonces. Default
	// crypto/rand; it is read under a lock.
	Rand io.Reader
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Username == "" {
		o.Username = "xivosync"
	}
	if o.Password == "" {
		o.Password = "secret"
	}
	if o.ACLs == nil {
		o.ACLs = []string{"confd.#"}
	}
	if o.Version == "" {
		o.Version = Version1616
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = 2 * time.Hour
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
