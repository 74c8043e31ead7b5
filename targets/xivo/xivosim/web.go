package xivosim

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// agentsPath is the service of the web interface that makes agents.
const agentsPath = "/callcenter/json.php/restricted/settings/agents/"

// Web is the web interface: of it, the agents service. It wants Basic
// credentials, answers refusals without a word, and an empty list with 204.
func (s *Sim) Web() http.Handler {
	return s.watched(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimSuffix(r.URL.Path, "/") != strings.TrimSuffix(agentsPath, "/") {
			http.NotFound(w, r)
			return
		}
		if !s.basic(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Access Restricted"`)
			send(w, r, http.StatusUnauthorized, "text/html", nil)
			return
		}
		release, err := s.takeCore(r.Context())
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
		status, body := s.actOnAgents(r)
		err = s.wait(r.Context(), costWrite)
		release()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		send(w, r, status, "application/json", body)
	}))
}

func (s *Sim) basic(r *http.Request) bool {
	user, password, given := r.BasicAuth()
	return given && subtle.ConstantTimeCompare([]byte(user+":"+password), []byte(s.opt.Username+":"+s.opt.Password)) == 1
}

// webCall is one request to the agents service; id is 0 when none is given.
type webCall struct {
	*content
	id     int
	search string
	body   map[string]any
}

// webActions answer by ?act=; anything else lists.
var webActions = map[string]func(*webCall) (int, any){
	"list":      func(c *webCall) (int, any) { return c.listAgents("") },
	"search":    func(c *webCall) (int, any) { return c.listAgents(c.search) },
	"view":      (*webCall).viewAgent,
	"add":       (*webCall).addAgent,
	"edit":      (*webCall).editAgent,
	"delete":    (*webCall).deleteAgent,
	"deleteall": (*webCall).deleteAgents,
}

func (s *Sim) actOnAgents(r *http.Request) (status int, body []byte) {
	q := r.URL.Query()
	act, known := webActions[q.Get("act")]
	if !known {
		act = webActions["list"]
	}
	c := &webCall{content: s.content, search: q.Get("search")}
	c.id, _ = strconv.Atoi(q.Get("id"))
	if r.Method == http.MethodPost {
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		if d.Decode(&c.body) != nil {
			return http.StatusBadRequest, nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status, answer := act(c)
	if status >= http.StatusBadRequest {
		s.content.rollback()
	} else {
		s.content.commit()
	}
	if answer == nil {
		return status, nil
	}
	return status, marshal(answer)
}
