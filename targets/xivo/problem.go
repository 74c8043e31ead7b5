package xivo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// Problem is an answer of confd other than success.
type Problem struct {
	// Request is what was asked, such as "PUT /users/UUID".
	Request string
	// Status is the HTTP status.
	Status int
	// Category is "Input Error", "Resource Error", "Resource Not Found" or
	// "Unexpected error"; empty where the answer is none of confd's own.
	Category string
	// Text is the sentence of the first problem, and Meta what stands behind it
	// in parentheses. The order within Meta is arbitrary.
	Text, Meta string
	// Raw is the body as it came, cut to a few kilobytes. Secrets that were sent,
	// and SQL with its parameters, are taken out of it and of everything else.
	Raw string
	// all are the problems in readable form; confd's order is arbitrary.
	all []string
}

// shape is how confd writes a problem.
var shape = regexp.MustCompile(`(?s)^(Input Error|Resource Error|Resource Not Found|Unexpected error)(?: -|:) (.*?)(?: \((.*)\))?$`)

// readProblem reads the body of an answer that is no success.
func readProblem(q request, status int, body io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(body, problemLimit))
	if err != nil {
		return err
	}
	return parseProblem(q.String(), status, b, q.secrets)
}

// parseProblem understands confd's list of texts; anything else (the HTML of an
// unknown address, the text of a 401, nothing at all) is kept as Raw.
func parseProblem(request string, status int, body []byte, secrets []string) *Problem {
	p := &Problem{Request: request, Status: status, Raw: scrub(withoutSQL(string(body)), secrets)}
	var texts []string
	if json.Unmarshal(body, &texts) != nil {
		return p
	}
	for _, text := range texts {
		p.all = append(p.all, scrub(readable(withoutSQL(text)), secrets))
	}
	slices.Sort(p.all)
	if len(p.all) == 0 {
		return p
	}
	if m := shape.FindStringSubmatch(p.all[0]); m != nil {
		p.Category, p.Text, p.Meta = m[1], m[2], m[3]
	} else {
		p.Text = p.all[0]
	}
	return p
}

// Error tells the request, the status and XiVO's words.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s: %d: %s", p.Request, p.Status, p.Message())
}

// Message returns XiVO's own words, all of them, in a stable order; where it
// has none, ours.
func (p *Problem) Message() string {
	method, path, _ := strings.Cut(p.Request, " ")
	switch {
	case p.Status == http.StatusUnauthorized:
		return fmt.Sprintf("XiVO refuses %s: wrong credentials, or the web-service user lacks the ACL %s", p.Request, acl(method, path))
	case len(p.all) > 0:
		return strings.Join(p.all, "; ")
	case p.Status == http.StatusNotFound:
		return fmt.Sprintf("there is no %s: is the address that of confd?", path)
	}
	return fmt.Sprintf("XiVO answers %d %s", p.Status, http.StatusText(p.Status))
}

// class says what the problem means where nothing is known to have been done:
// a 404 in confd's own words is about the object, any other about the address.
func (p *Problem) class() record.Class {
	switch {
	case p.Status == http.StatusNotFound && p.Category != "":
		return record.Missing
	case p.Status == http.StatusUnauthorized, p.Status == http.StatusNotFound,
		p.Status < http.StatusBadRequest, p.Status >= http.StatusInternalServerError:
		return record.Down
	}
	return record.Refused
}

var (
	sqlText  = regexp.MustCompile(`(?is)(\\n|\s)*['"\[(]*(SQL: |SELECT |INSERT INTO |UPDATE |DELETE FROM ).*`)
	sqlNote  = regexp.MustCompile(`(?s)^("?\[?"?Unexpected error: [^\n]*?)(\n|\\n).*`)
	uPrefix  = regexp.MustCompile(`(^|[\s\[({,:])u(['"])`)
	codeUnit = regexp.MustCompile(`\\x[0-9a-f]{2}|\\u[0-9a-f]{4}`)
)

// withoutSQL cuts off the statement that a database error carries, with all of
// its parameters, passwords among them.
func withoutSQL(text string) string {
	text = sqlNote.ReplaceAllString(text, "$1")
	if strings.Contains(text, "Error)") {
		text = sqlText.ReplaceAllString(text, "")
	}
	return text
}

// readable takes off what Python 2 puts into texts: u'Zo\xe9' becomes 'Zoé'.
func readable(text string) string {
	text = uPrefix.ReplaceAllString(text, "$1$2")
	return codeUnit.ReplaceAllStringFunc(text, func(code string) string {
		n, err := strconv.ParseUint(code[2:], 16, 32)
		if err != nil || n < ' ' {
			return code
		}
		return string(rune(n))
	})
}

// scrub replaces secrets.
func scrub(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}
