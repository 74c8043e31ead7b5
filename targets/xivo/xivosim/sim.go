package xivosim

import (
	"net/http"
	"sync"
)

// Sim is a XiVO in memory. Its methods may be called while it serves.
type Sim struct {
	opt    Options
	routes []*route

	mu      sync.Mutex // guards everything below
	content *content
	tokens  map[string]token
	digest  []byte // what session cookies are signed with
	faults  []*armedFault
	before  func(*http.Request)
	after   func(*http.Request, int)
	journal journal

	core chan struct{} // holds the one core while a paced request is served
}

// New returns a XiVO that is freshly installed: one entity, three contexts,
// four CTI profiles, the service codes, nobody in it.
func New(opt Options) *Sim {
	s := &Sim{opt: opt.withDefaults(), routes: allRoutes(), tokens: map[string]token{}, core: make(chan struct{}, 1)}
	s.content = newContent()
	s.digest = []byte(s.hex(32))
	s.content.seed(s.newUUID())
	s.content.commit()
	return s
}
