package xivosim

import "regexp"

// The patterns of confd's schemas.
var (
	languagePattern = regexp.MustCompile(`^[a-z]{2}_[A-Z]{2}$`)
	callerIDPattern = regexp.MustCompile(`^"(.*)"( <\+?\d+>)?$`)
	mobilePattern   = regexp.MustCompile(`^\+?[0-9\*#]+$`)
	usernamePattern = regexp.MustCompile(`^[a-zA-Z0-9\-\._~\!\$&'\(\)\*\+,;=%@]{2,254}$`)
	passwordPattern = regexp.MustCompile(`^[a-zA-Z0-9\-\._~\!\$&'\(\)\*\+,;=%]{4,64}$`)
	permissionCode  = regexp.MustCompile(`^[0-9#\*]{1,16}$`)
	entityName      = regexp.MustCompile(`^[a-z0-9_\.-]{1,64}$`)
	contextName     = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,39}$`)
	sipUsername     = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)
	sipSecret       = regexp.MustCompile(`^[ -~]{1,80}$`)
	extenPattern    = regexp.MustCompile(`^(_[*#0-9_XxZzNn\[\].!-]{1,39}|[*#0-9]{1,40})$`)
	mailboxNumber   = regexp.MustCompile(`^[0-9]{1,40}$`)
	mailboxPassword = regexp.MustCompile(`^[0-9]{1,80}$`)
	agentNumber     = regexp.MustCompile(`^[0-9*#]{1,40}$`)
	agentPassword   = regexp.MustCompile(`^[0-9*#]*$`)
)
