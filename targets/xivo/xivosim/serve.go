package xivosim

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// lost is Flask's page for an address that does not exist.
const lost = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server.  If you entered the URL manually please check your spelling and try again.</p>
`

// Confd is the daemon as it listens on HTTPS: it wants credentials.
func (s *Sim) Confd() http.Handler { return s.confd(true) }

// LocalConfd is the daemon as it listens on the machine's own address: nobody
// has to say who he is.
func (s *Sim) LocalConfd() http.Handler { return s.confd(false) }

func (s *Sim) confd(guarded bool) http.Handler {
	return s.watched(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		rt, p := s.find(r.URL.Path)
		switch {
		case rt == nil:
			send(w, r, http.StatusNotFound, "text/html", []byte(lost))
		case r.Method == http.MethodOptions:
			sendOptions(w, r, rt)
		case rt.handler(r.Method) == nil:
			sendProblem(w, r, &problem{http.StatusMethodNotAllowed, []string{"The method is not allowed for the requested URL."}})
		case guarded && !rt.open && !s.authenticate(w, r, rt.scope(r.Method, p)):
			s.challenge(w, r)
		default:
			s.run(w, r, rt, p)
		}
	}))
}

// run answers a request that found its route and its right.
func (s *Sim) run(w http.ResponseWriter, r *http.Request, rt *route, p params) {
	release, err := s.takeCore(r.Context())
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	start := time.Now()
	a, cost, err := s.transact(r, rt, p)
	gone := s.wait(r.Context(), cost-time.Since(start))
	release()
	var prob *problem
	switch {
	case gone != nil:
		panic(http.ErrAbortHandler)
	case errors.As(err, &prob):
		sendProblem(w, r, prob)
	default:
		sendAnswer(w, r, a)
	}
}

// transact runs the handler as one transaction: a problem leaves nothing
// behind. Its errors are problems, all of them.
func (s *Sim) transact(r *http.Request, rt *route, p params) (*answer, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{content: s.content, sim: s, r: r, params: p, cost: baseCost(r.Method, rt.path)}
	a, err := rt.handler(r.Method)(c)
	if err != nil {
		s.content.rollback()
		return nil, c.cost, err
	}
	s.content.commit()
	return a, c.cost, nil
}

func sendAnswer(w http.ResponseWriter, r *http.Request, a *answer) {
	if a.location != "" {
		w.Header().Set("Location", base(r)+"/1.1/"+a.location)
	}
	kind := a.mime
	if kind == "" {
		kind = "application/json"
	}
	if a.stream != nil && r.Method != http.MethodHead {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(a.status)
		if err := a.stream(w); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	var body []byte
	if a.stream != nil {
		var b bytes.Buffer
		_ = a.stream(&b) // a buffer takes everything
		body = b.Bytes()
	} else if a.body != nil {
		body = marshal(a.body)
	}
	send(w, r, a.status, kind, body)
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("xivosim: write answer: " + err.Error())
	}
	return b
}

func sendProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	send(w, r, p.status, "application/json", marshal(p.messages))
}

func sendOptions(w http.ResponseWriter, r *http.Request, rt *route) {
	w.Header().Set("Allow", rt.allow())
	if r.Header.Get("Access-Control-Request-Method") != "" {
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, X-Auth-Token")
		w.Header().Set("Access-Control-Allow-Methods", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
	}
	send(w, r, http.StatusOK, "text/html; charset=utf-8", nil)
}

func send(w http.ResponseWriter, r *http.Request, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone is its own problem
	}
}
