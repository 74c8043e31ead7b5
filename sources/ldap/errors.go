package ldap

import (
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// ErrEmptyValue is returned, before any request, when a change would write an
// empty value or only blanks: what is empty in XiVO is never pushed here.
var ErrEmptyValue = errors.New("an empty value is never written to the directory: clear the attribute by hand")

// ErrCutShort is returned when a listing ended before the directory did.
var ErrCutShort = errors.New("the listing is incomplete")

// down is the error that ends a run: the directory cannot be read as a whole.
func down(object, operation string, err error) error {
	return classed(record.Down, object, operation, err)
}

// classed makes err an error of this side, unless it is one already.
func classed(class record.Class, object, operation string, err error) error {
	var known *record.Error
	if errors.As(err, &known) {
		return known
	}
	message := words(err)
	if operation != "" {
		message = operation + ": " + message
	}
	return &record.Error{Side: record.LDAP, Class: class, Object: object, Message: message, Err: err}
}

// words tells what happened and, where something can be done about it, what. The
// server's own words come first.
func words(err error) string {
	var login *loginError
	if errors.As(err, &login) {
		return login.Error()
	}
	var answer *goldap.Error
	if !errors.As(err, &answer) || ofLibrary(answer) {
		return plain(err)
	}
	said := strings.Trim(answer.Err.Error(), "\x00 \n")
	name := strings.ToLower(goldap.LDAPResultCodeMap[answer.ResultCode])
	text := fmt.Sprintf("%s (code %d)", name, answer.ResultCode)
	if said != "" && said != "<nil>" && !strings.EqualFold(said, name) {
		text = fmt.Sprintf("%s (%s, code %d)", said, name, answer.ResultCode)
	}
	if hint := hints[answer.ResultCode]; hint != "" {
		text += ": " + hint
	}
	return prefix(err, answer) + text
}

// ofLibrary tells whether an error is the library's own, rather than a server's
// answer: its codes begin at 200, those of controls at 4096.
func ofLibrary(err *goldap.Error) bool {
	return err.ResultCode >= goldap.ErrorNetwork && err.ResultCode < 4096
}

// prefix returns what was wrapped around the server's answer, as a prefix.
func prefix(err error, answer *goldap.Error) string {
	before, _, found := strings.Cut(err.Error(), answer.Error())
	if !found {
		return ""
	}
	return before
}

// plain drops the library's own prefix from a network error.
func plain(err error) string {
	text := err.Error()
	for _, prefix := range []string{`LDAP Result Code 200 "Network Error": `, "ldap: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return text
}

// hints say what to do about an answer, where that is not plain from it.
var hints = map[uint16]string{
	goldap.LDAPResultTimeLimitExceeded:            "raise the server's time limit for this account, or index what the filter asks for",
	goldap.LDAPResultSizeLimitExceeded:            "raise the server's size limit for this account (OpenLDAP: olcLimits … size.prtotal=unlimited)",
	goldap.LDAPResultAdminLimitExceeded:           "lower page_size, or raise the server's limit for this account (OpenLDAP: size.pr; 389: nsslapd-lookthroughlimit)",
	goldap.LDAPResultStrongAuthRequired:           "the server wants an encrypted connection: use ldaps://, or start_tls = true",
	goldap.LDAPResultConfidentialityRequired:      "the server wants an encrypted connection: use ldaps://, or start_tls = true",
	goldap.LDAPResultNoSuchObject:                 "check the DN, and that the account may read it: servers hide what it may not",
	goldap.LDAPResultUndefinedAttributeType:       "the server's schema has no such attribute: check its spelling",
	goldap.LDAPResultConstraintViolation:          "the server's rules for this attribute forbid the value (length, number of values, or it is used elsewhere)",
	goldap.LDAPResultAttributeOrValueExists:       "the entry already holds this value, perhaps in another spelling",
	goldap.LDAPResultNoSuchAttribute:              "the attribute is not known to the server, or cannot be read by this account",
	goldap.LDAPResultInvalidAttributeSyntax:       "the attribute's syntax does not allow this value",
	goldap.LDAPResultInsufficientAccessRights:     "grant the account the right to write this attribute",
	goldap.LDAPResultUnwillingToPerform:           "the server may be read-only, or its rules forbid it",
	goldap.LDAPResultObjectClassViolation:         "the entry's object classes do not allow the attribute: add a class that does",
	goldap.LDAPResultNotAllowedOnRDN:              "the attribute names the entry: rename it by hand",
	goldap.LDAPResultReferral:                     "the server sends us elsewhere: name the server that holds this base, or a writable one",
	goldap.LDAPResultUnavailableCriticalExtension: "the server lost its place in the listing, or lacks a control",
}

// refusal classes the server's answer to a write that it did not make.
func refusal(dn string, err error) error {
	class := record.Refused
	if goldap.IsErrorAnyOf(err, goldap.LDAPResultBusy, goldap.LDAPResultUnavailable,
		goldap.LDAPResultStrongAuthRequired, goldap.LDAPResultConfidentialityRequired) {
		class = record.Down
	}
	return classed(class, dn, "modify", err)
}
