package xivosim

import (
	"encoding/json"
	"net/http"
	"time"
)

// token is what xivo-auth gave somebody.
type token struct {
	acls            []string
	issued, expires time.Time
}

// naiveTime is how xivo-auth writes instants: local, without a zone.
const naiveTime = "2006-01-02T15:04:05.000000"

// RevokeTokens makes every token invalid.
func (s *Sim) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Restrict gives whoever logs in from now on these rights, and makes every token
// invalid.
func (s *Sim) Restrict(acls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.ACLs = acls
	clear(s.tokens)
}

// GrantToken makes a token valid, for as long as the options say, without
// asking for a password. No ACL at all stands for those of the options.
func (s *Sim) GrantToken(name string, acls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(acls) == 0 {
		acls = s.opt.ACLs
	}
	now := s.opt.Now()
	s.tokens[name] = token{acls: acls, issued: now, expires: now.Add(s.opt.TokenLifetime)}
}

// known returns a token that is there and has not expired.
func (s *Sim) known(name string) (token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[name]
	if ok && !s.opt.Now().Before(t.expires) {
		delete(s.tokens, name)
		ok = false
	}
	return t, ok
}

// Auth is xivo-auth: tokens, under /0.1.
func (s *Sim) Auth() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /0.1/token", s.postToken)
	mux.HandleFunc("GET /0.1/token/{token}", s.getToken) // and HEAD
	mux.HandleFunc("DELETE /0.1/token/{token}", s.deleteToken)
	mux.HandleFunc("GET /0.1/backends", func(w http.ResponseWriter, r *http.Request) {
		sendJSON(w, r, http.StatusOK, map[string]any{"data": []string{"xivo_service"}})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.strike(r).serve(s, w, r, mux)
	})
}

// tokenRequest is the body of POST /token.
type tokenRequest struct {
	Backend    string `json:"backend"`
	Expiration any    `json:"expiration"`
}

func (s *Sim) postToken(w http.ResponseWriter, r *http.Request) {
	var body tokenRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		s.refuseToken(w, r, http.StatusBadRequest, "Invalid request body")
		return
	}
	user, password, given := r.BasicAuth()
	if !given || user != s.opt.Username || password != s.opt.Password || body.Backend != "xivo_service" {
		s.refuseToken(w, r, http.StatusUnauthorized, "Authentication Failed")
		return
	}
	life, valid := s.lifetime(body.Expiration)
	if !valid {
		s.refuseToken(w, r, http.StatusBadRequest, "Invalid expiration")
		return
	}
	s.mu.Lock()
	name, now := s.newUUID(), s.opt.Now()
	t := token{acls: s.opt.ACLs, issued: now, expires: now.Add(life)}
	s.tokens[name] = t
	s.mu.Unlock()
	sendToken(w, r, name, t)
}

// lifetime reads the seconds a token is asked for; absent is the default.
func (s *Sim) lifetime(v any) (time.Duration, bool) {
	if v == nil {
		return s.opt.TokenLifetime, true
	}
	n, isNumber := v.(float64)
	if !isNumber || n <= 0 || n != float64(int(n)) {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

func (s *Sim) getToken(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("token")
	t, ok := s.known(name)
	scope := r.URL.Query().Get("scope")
	switch {
	case !ok:
		s.refuseToken(w, r, http.StatusNotFound, "No such token")
	case scope != "" && !allowed(t.acls, scope):
		s.refuseToken(w, r, http.StatusForbidden, "Unauthorized for "+scope)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusNoContent)
	default:
		sendToken(w, r, name, t)
	}
}

func (s *Sim) deleteToken(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	delete(s.tokens, r.PathValue("token"))
	s.mu.Unlock()
	sendJSON(w, r, http.StatusOK, map[string]any{"data": map[string]string{"message": "success"}})
}

func sendToken(w http.ResponseWriter, r *http.Request, name string, t token) {
	sendJSON(w, r, http.StatusOK, map[string]any{"data": map[string]any{
		"token": name, "auth_id": "1", "xivo_user_uuid": nil, "acls": t.acls,
		"issued_at": t.issued.Format(naiveTime), "expires_at": t.expires.Format(naiveTime),
	}})
}

func (s *Sim) refuseToken(w http.ResponseWriter, r *http.Request, status int, reason string) {
	now := float64(s.opt.Now().UnixMicro()) / 1e6
	sendJSON(w, r, status, map[string]any{"reason": []string{reason}, "timestamp": []float64{now}, "status_code": status})
}

func sendJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	send(w, r, status, "application/json", marshal(v))
}

// authenticate accepts a token with the scope, else a good digest. A token
// without the scope is as bad as none: the answer is 401, never 403.
func (s *Sim) authenticate(w http.ResponseWriter, r *http.Request, scope string) bool {
	if t, ok := s.known(r.Header.Get("X-Auth-Token")); ok && allowed(t.acls, scope) {
		return true
	}
	return s.goodDigest(w, r)
}
