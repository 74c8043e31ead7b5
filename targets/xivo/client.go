package xivo

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile/record"
)

// Client is the XiVO side of a run. It is safe for several goroutines at once.
type Client struct {
	conf   Config
	at     addresses
	http   *http.Client
	tokens *keyring
	log    hclog.Logger
	// mapped are the users' fields to read, held the things, and detailed their
	// details; surveyed are the
	// columns of the survey that tell them, with the ones that it needs itself.
	mapped, held, detailed, surveyed []string
	// ids are the names of what is told by its id.
	ids directory
	// writing holds a place for each change that is being carried out.
	writing chan struct{}
	// pause is the first pause before a read is repeated.
	pause        time.Duration
	reads, wrote atomic.Int64
}

// New returns a client. It checks the configuration, and asks XiVO nothing yet.
func New(conf Config) (*Client, error) {
	conf = conf.withDefaults()
	at, err := conf.addresses()
	if err != nil {
		return nil, err
	}
	mapped, held, detailed, err := conf.mapped()
	if err != nil {
		return nil, err
	}
	security, err := trust(conf.CA, conf.Fingerprint)
	if err != nil {
		return nil, err
	}
	log := conf.Log.Named("xivo")
	web := newHTTP(security)
	c := &Client{
		conf: conf, at: at, http: web, log: log,
		mapped: mapped, held: held, detailed: detailed, surveyed: append(surveyedOf(mapped), evidenceFor(slices.Concat(held, detailed))...),
		writing: make(chan struct{}, conf.Writers), pause: 200 * time.Millisecond,
	}
	if conf.Username != "" {
		c.tokens = newKeyring(web, at.auth, conf, log)
	}
	return c, nil
}

// Close gives the token back and ends idle connections. The client is of no
// use afterwards.
func (c *Client) Close(ctx context.Context) error {
	defer c.http.CloseIdleConnections()
	if c.tokens == nil {
		return nil
	}
	return c.tokens.revoke(ctx)
}

// Requests counts what was sent to confd so far, repetitions included; requests
// for tokens are not counted.
func (c *Client) Requests() record.Requests {
	return record.Requests{Read: c.reads.Load(), Write: c.wrote.Load()}
}

// surveyedOf keeps the fields that the survey tells, and adds the ones that
// every record needs for its name and for Disabled.
func surveyedOf(mapped []string) []string {
	want := []string{"firstname", "lastname", "enabled"}
	for _, name := range mapped {
		if f, _ := fieldOf(name); f.Surveyed {
			want = append(want, name)
		}
	}
	return inOrder(want)
}

// maps tells whether the field is to be read.
func (c *Client) maps(name string) bool { return slices.Contains(c.mapped, name) }

// manages tells whether the thing is to be read.
func (c *Client) manages(thing string) bool { return slices.Contains(c.held, thing) }
