package xivosim

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
)

const realm = "Authentication Required"

// challenge answers 401. The nonce of the digest lives in the session cookie:
// whoever does not send it back cannot be let in.
func (s *Sim) challenge(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	nonce, opaque := s.hex(32), s.hex(32)
	s.mu.Unlock()
	w.Header().Set("WWW-Authenticate", `Digest realm="`+realm+`",nonce="`+nonce+`",opaque="`+opaque+`"`)
	setSession(w, s.sign(nonce+"."+opaque))
	send(w, r, http.StatusUnauthorized, "text/html; charset=utf-8", []byte("Unauthorized Access"))
}

func setSession(w http.ResponseWriter, value string) {
	w.Header().Set("Set-Cookie", "session="+value+"; HttpOnly; Path=/")
}

// sign makes a cookie that nobody else can make.
func (s *Sim) sign(value string) string {
	mac := hmac.New(sha256.New, s.digest)
	mac.Write([]byte(value))
	return value + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// session reads the nonce and the opaque text back from the cookie.
func (s *Sim) session(r *http.Request) (cookie, nonce, opaque string) {
	c, err := r.Cookie("session")
	if err != nil {
		return "", "", ""
	}
	parts := strings.Split(c.Value, ".")
	if len(parts) != 3 || !hmac.Equal([]byte(s.sign(parts[0]+"."+parts[1])), []byte(c.Value)) {
		return "", "", ""
	}
	return c.Value, parts[0], parts[1]
}

var digestField = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^\s,]+))`)

// goodDigest checks an Authorization header of the form that RFC 2069 knows:
// no qop, no counter; a nonce may be used again.
func (s *Sim) goodDigest(w http.ResponseWriter, r *http.Request) bool {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Digest ")
	if !ok {
		return false
	}
	d := map[string]string{}
	for _, m := range digestField.FindAllStringSubmatch(fields, -1) {
		d[m[1]] = m[2] + m[3]
	}
	cookie, nonce, opaque := s.session(r)
	if nonce == "" || d["nonce"] != nonce || d["opaque"] != opaque || d["realm"] != realm || d["username"] != s.opt.Username {
		return false
	}
	want := digestResponse(s.opt.Username, s.opt.Password, nonce, r.Method, d["uri"])
	if subtle.ConstantTimeCompare([]byte(want), []byte(d["response"])) == 0 {
		return false
	}
	setSession(w, cookie)
	return true
}

func digestResponse(user, password, nonce, method, uri string) string {
	return md5Hex(md5Hex(user+":"+realm+":"+password) + ":" + nonce + ":" + md5Hex(method+":"+uri))
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
