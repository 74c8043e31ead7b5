package xivo

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile/record"
)

func TestProblemsAreUnderstood(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		body    string
		secrets []string
		want    Problem
		message string
		class   record.Class
	}{
		"schema": {
			400, `["Input Error - firstname: [u'Missing data for required field.']"]`, nil,
			Problem{Category: "Input Error", Text: "firstname: ['Missing data for required field.']"},
			"Input Error - firstname: ['Missing data for required field.']", record.Refused,
		},
		"several, in arbitrary order": {
			400, `["Input Error - userfield: [u'b']","Input Error - language: [u'a']"]`, nil,
			Problem{Category: "Input Error", Text: "language: ['a']"},
			"Input Error - language: ['a']; Input Error - userfield: ['b']", record.Refused,
		},
		"metadata": {
			400, `["Resource Error - User already exists ('email': u'zo\\xe9@x.test')"]`, nil,
			Problem{Category: "Resource Error", Text: "User already exists", Meta: "'email': 'zoé@x.test'"},
			"Resource Error - User already exists ('email': 'zoé@x.test')", record.Refused,
		},
		"not found": {
			404, `["Resource Not Found - User was not found ('id': 3)"]`, nil,
			Problem{Category: "Resource Not Found", Text: "User was not found", Meta: "'id': 3"},
			"Resource Not Found - User was not found ('id': 3)", record.Missing,
		},
		"unknown address": {
			404, "<!DOCTYPE HTML><title>404 Not Found</title>", nil, Problem{},
			"there is no /users: is the address that of confd?", record.Down,
		},
		"no credentials": {
			401, "Unauthorized Access", nil, Problem{},
			"XiVO refuses PUT /users: wrong credentials, or the web-service user lacks the ACL confd.users.update", record.Down,
		},
		"empty":         {502, "", nil, Problem{}, "XiVO answers 502 Bad Gateway", record.Down},
		"empty text":    {405, `""`, nil, Problem{}, "XiVO answers 405 Method Not Allowed", record.Refused},
		"empty list":    {400, `[]`, nil, Problem{}, "XiVO answers 400 Bad Request", record.Refused},
		"another shape": {400, `{"errors":[1]}`, nil, Problem{}, "XiVO answers 400 Bad Request", record.Refused},
		"redirection":   {302, "", nil, Problem{}, "XiVO answers 302 Found", record.Down},
		"no category": {
			400, `["Unsupported caller id protocol"]`, nil, Problem{Text: "Unsupported caller id protocol"},
			"Unsupported caller id protocol", record.Refused,
		},
		"sysconfd": {
			500, `["Unexpected error: sysconfd error: status 500 - injected"]`, nil,
			Problem{Category: "Unexpected error", Text: "sysconfd error: status 500 - injected"},
			"Unexpected error: sysconfd error: status 500 - injected", record.Down,
		},
		"secret echoed": {
			400, `["Input Error - password: hunter2 is bad ('password': u'hunter2')"]`, []string{"hunter2"},
			Problem{Category: "Input Error", Text: "password: … is bad", Meta: "'password': '…'"},
			"Input Error - password: … is bad ('password': '…')", record.Refused,
		},
		"database error with its statement": {
			500, `["Unexpected error: (IntegrityError) duplicate key value violates unique constraint \"u\"\nDETAIL:  Key\n 'INSERT INTO userfeatures (passwd) VALUES (%(p)s)' {'p': u'other-secret'}"]`, nil,
			Problem{Category: "Unexpected error", Text: `(IntegrityError) duplicate key value violates unique constraint "u"`},
			`Unexpected error: (IntegrityError) duplicate key value violates unique constraint "u"`, record.Down,
		},
		"statement on one line": {
			500, `["Unexpected error: (DataError) bad [SQL: 'SELECT x WHERE p = %(p)s'] [parameters: {'p': 'other-secret'}]"]`, nil,
			Problem{Category: "Unexpected error", Text: "(DataError) bad"},
			"Unexpected error: (DataError) bad", record.Down,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := parseProblem("PUT /users", tc.status, []byte(tc.body), tc.secrets)
			tc.want.Request, tc.want.Status = "PUT /users", tc.status
			if diff := cmp.Diff(&tc.want, p, cmpopts.IgnoreFields(Problem{}, "Raw"), cmpopts.IgnoreUnexported(Problem{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := p.Message(); got != tc.message {
				t.Errorf("message %q, want %q", got, tc.message)
			}
			if got := p.class(); got != tc.class {
				t.Errorf("class %d, want %d", got, tc.class)
			}
			for _, secret := range append(tc.secrets, "other-secret") {
				if strings.Contains(p.Raw+p.Error(), secret) {
					t.Errorf("secret in %q", p.Raw)
				}
			}
		})
	}
}

// Every refusal that was recorded of a real confd has a category or is one of
// the few that have none, and reads without Python's u.
func TestRecordedProblemsAreUnderstood(t *testing.T) {
	n := 0
	for _, file := range []string{
		"04_user_create_errors.json", "05_user_get_put_delete.json", "06_user_list_search.json", "11_association_errors.json",
		"13_delete_while_associated.json", "14_voicemails.json", "15_incalls.json", "18_auth_https.json", "22_backend_failures.json",
	} {
		for _, s := range recorded(t, file) {
			if s.Status < 400 {
				continue
			}
			n++
			p := parseProblem(s.Method+" "+s.Path, s.Status, s.answer(), nil)
			if p.Category == "" && p.Text == "" && s.Status != 401 && s.Status != 404 && s.Status != 405 {
				t.Errorf("%s step %d: not understood: %s", file, s.N, p.Raw)
			}
			if m := p.Message(); m == "" || strings.Contains(m, "u'") && !strings.Contains(m, "xu'") || strings.Contains(m, "SELECT") {
				t.Errorf("%s step %d: message %.200q", file, s.N, m)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d problems looked at", n)
	}
}

func FuzzProblem(f *testing.F) {
	for _, s := range recorded(f, "06_user_list_search.json") {
		if s.Status >= 400 {
			f.Add(s.Status, s.answer())
		}
	}
	f.Add(500, []byte(`["Unexpected error: (E) x\n 'SELECT 1' {'p': u'hunter2'}"]`))
	f.Add(400, []byte(`["Input Error - password: u'hunter2\xe9'"]`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		p := parseProblem("PUT /users/1", status, body, []string{"hunter2"})
		if strings.Contains(p.Error()+p.Raw+p.Text+p.Meta, "hunter2") {
			t.Errorf("secret shown: %q", p.Error())
		}
		if utf8.Valid(body) && !utf8.ValidString(p.Message()) {
			t.Errorf("message %q is no UTF-8", p.Message())
		}
		p.class()
	})
}
