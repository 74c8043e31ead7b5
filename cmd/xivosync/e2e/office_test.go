package e2e

import (
	"path/filepath"
	"strings"
	"text/template"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

// officeText is the configuration of the office for the program that people use.
// Where the world has no relay, nobody answers and the mails stay in the outbox.
const officeText = `[ldap]
url = "{{index .LDAP.URLs 0}}"
bind_dn = "{{.LDAP.BindDN}}"
password = "env:LDAP_PASSWORD"
base = "{{index .LDAP.Bases 0}}"
filter = "{{.LDAP.Filter}}"
disabled = "{{.LDAP.Disabled}}"
[xivo]
url = "{{.XiVO.URL}}"
auth_url = "{{.XiVO.AuthURL}}"
web_url = "{{.XiVO.WebURL}}"
username = "xivosync"
password = "env:XIVO_PASSWORD"
[xivo.queues]
{{range $name, $id := .Queues}}{{$name}} = {{$id}}
{{end}}[state]
path = "{{.Path}}"
[identifier]
ldap = "uid"
xivo = "userfield"
[numbering]
region = "FR"
[[numbering.site]]
name = "lyon"
context = "default"
extensions = "1000-1999"
pool = "1500-1599"
did_context = "from-extern"
did_block = "+33 4 72 10 10 00-99"
did_length = 4
prefix = "10"
[fields.email]
ldap = "mail"
direction = "both"
[fields.firstname]
ldap = "givenName"
[fields.lastname]
ldap = "sn"
[fields.mobile_phone_number]
ldap = "mobile"
transform = [{ number = "e164" }]
[fields.outgoing_caller_id]
direction = "none"
[fields.extension]
ldap = "ipPhone"
direction = "both"
[fields.voicemail]
ldap = "ipPhone"
[fields.did]
ldap = "telephoneNumber"
direction = "both"
[fields.agent]
ldap = "employeeNumber"
[fields.cti]
[fields.entity]
[fields.username]
ldap = "uid"
[fields.password]
ldap = "title"
[[rule]]
name = "Sales"
when = { attribute = "departmentNumber", equals = "Sales" }
set = { language = "fr_FR", queues = [{ name = "support", penalty = 1 }, { name = "sales" }] }
[[rule]]
name = "Support"
when = { attribute = "departmentNumber", equals = "Support" }
set = { language = "de_DE", queues = [{ name = "support", penalty = 4 }] }
[[rule]]
name = "all"
when = {}
set = { cti = "Client", entity = "branch" }
[removal]
delete_after = "30d"
[mail]
host = "127.0.0.1"
{{with .Relay}}port = {{.Port}}
ca = "relay.pem"
username = "{{.Username}}"
password = "env:RELAY_PASSWORD"
language = "fr"
{{else}}port = 1
{{end}}from = "phones@parts.test"
credentials = "initial_password"
[schedule]
incremental = ""
full = "0 0 1 1 *"
audit = ""
`

// text is the configuration of a real program.
func (s setup) text() (string, error) {
	t, err := template.New("xivosync.toml").Parse(s.Text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, s)
	return out.String(), err
}

// Queues are the ids of the queues that rules name.
func (s setup) Queues() map[string]int {
	ids := map[string]int{}
	for _, r := range s.Rules {
		for _, q := range r.Queues {
			ids[q.Name] = q.ID
		}
	}
	return ids
}

// configured are the settings of a real program.
func (s setup) configured() (reconcile.Settings, error) {
	text, err := s.text()
	if err != nil {
		return reconcile.Settings{}, err
	}
	cfg, err := config.Parse(filepath.Join(filepath.Dir(s.Path), "xivosync.toml"), []byte(text))
	if err != nil {
		return reconcile.Settings{}, err
	}
	return cfg.Settings(xivo.Fields())
}
