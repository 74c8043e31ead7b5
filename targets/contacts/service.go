package contacts

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
)

// Service answers XiVO's directory server: GET with search=TEXT or phone=NUMBER
// returns a CSV sheet, at least its header line. Any other parameter is let
// pass, since XiVO adds some of its own.
type Service struct {
	access Access
	limit  int
	sheet  atomic.Pointer[Sheet]
}

// Access says who may ask. An address that is in none of the networks needs the
// user name and password; without either, only this machine may.
type Access struct {
	Networks           []netip.Prefix
	Username, Password string
}

// NewService returns a service that answers with at most so many rows; zero is no
// limit. Until the first sheet is published it answers 503.
func NewService(access Access, limit int) *Service { return &Service{access: access, limit: limit} }

// Publish replaces the sheet.
func (s *Service) Publish(sheet *Sheet) { s.sheet.Store(sheet) }

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.access.allows(r) {
		if s.access.Username != "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="xivosync contacts", charset="UTF-8"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		http.Error(w, "this address may not read the contacts: add it to [contacts] allow", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	sheet := s.sheet.Load()
	if sheet == nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "the directory has not been read yet", http.StatusServiceUnavailable)
		return
	}
	s.answer(w, r, sheet)
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, sheet *Sheet) {
	q := r.URL.Query()
	var out []byte
	switch {
	case q.Has("phone"):
		out = sheet.Phone(spaced(q.Get("phone")), s.limit)
	case q.Has("search"):
		out = sheet.Search(q.Get("search"), s.limit)
	default:
		http.Error(w, "ask with ?search=TEXT or ?phone=NUMBER", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(out)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(out) // whoever asked has hung up
}

// spaced makes up for a plus that was sent unescaped, which arrives as a blank.
func spaced(number string) string {
	if rest, blank := strings.CutPrefix(number, " "); blank {
		return "+" + rest
	}
	return number
}

// allows tells whether the request comes from where it may, or from whom.
func (a Access) allows(r *http.Request) bool {
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		address := from.Addr().Unmap()
		for _, n := range a.Networks {
			if n.Contains(address) {
				return true
			}
		}
		if len(a.Networks) == 0 && a.Username == "" {
			return address.IsLoopback()
		}
	}
	username, password, given := r.BasicAuth()
	return given && a.Username != "" && same(username, a.Username) && same(password, a.Password)
}

// same compares in a time that tells nothing of either text.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
