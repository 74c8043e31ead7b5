package ldap

import (
	"errors"
	"io"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
)

// TestLoginRefused tells a wrong password from a server that is away: another try
// with the one may lock the account, with the other it may not.
func TestLoginRefused(t *testing.T) {
	wrong := goldap.NewError(goldap.LDAPResultInvalidCredentials, errors.New("data 52e"))
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"a wrong password":  {down("dc1", "connect", &loginError{account: "cn=sync", err: wrong}), true},
		"no answer to it":   {down("dc1", "connect", &loginError{account: "cn=sync", err: &lostError{io.EOF}}), false},
		"no connection":     {down("dc1", "connect", io.ErrUnexpectedEOF), false},
		"nothing":           {nil, false},
		"of several, it is": {errors.Join(io.EOF, down("dc2", "connect", &loginError{account: "cn=sync", err: wrong})), true},
	} {
		if got := LoginRefused(tc.err); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
