package ldap

import (
	"errors"
	"fmt"
	"regexp"

	goldap "github.com/go-ldap/ldap/v3"
)

// loginError is a login that the server refused. It is never tried again by
// itself.
type loginError struct {
	account string
	err     error
}

func (e *loginError) Unwrap() error { return e.err }

// LoginRefused tells whether err is a login that the server refused: another try
// with the same password may lock the account.
func LoginRefused(err error) bool {
	var refused *loginError
	return errors.As(err, &refused) && !lost(refused.err)
}

// Error says why the login was refused, as far as the server tells: Active
// Directory hides the reason in the text of one and the same code.
func (e *loginError) Error() string {
	text := fmt.Sprintf("log in as %s: ", e.account)
	var answer *goldap.Error
	if !errors.As(e.err, &answer) || lost(e.err) {
		return text + plain(e.err)
	}
	if answer.ResultCode != goldap.LDAPResultInvalidCredentials {
		return text + words(answer)
	}
	if m := subCode.FindStringSubmatch(answer.Err.Error()); m != nil {
		if reason := loginReasons[m[1]]; reason != "" {
			return fmt.Sprintf("%s%s (code 49, data %s)", text, reason, m[1])
		}
		return fmt.Sprintf("%srefused for a reason of its own (code 49, data %s)", text, m[1])
	}
	return text + "wrong DN or password (code 49): check bind_dn and password"
}

var subCode = regexp.MustCompile(`(?i)\bdata ([0-9a-f]+)\b`)

// loginReasons are Active Directory's, in hexadecimal as it writes them.
var loginReasons = map[string]string{
	"525": "there is no such account: check bind_dn",
	"52e": "wrong DN or password: check bind_dn and password",
	"530": "the account may not log in at this hour: lift its logon hours",
	"531": "the account may not log in from this machine: lift its workstation restriction",
	"532": "the account's password has expired: set a new one, and let it not expire",
	"533": "the account is disabled: enable it",
	"701": "the account has expired: extend it",
	"773": "the account must change its password first: set one without that flag",
	"775": "the account is locked out: unlock it, and find who tries wrong passwords",
}
