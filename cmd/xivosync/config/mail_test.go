package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xivosync/reconcile"
)

const relayed = "[mail]\nhost = \"localhost\"\nfrom = \"Phones <phones@example.org>\"\n"

func TestMailsNeedARelay(t *testing.T) {
	cfg, err := Parse("xivosync.toml", []byte(minimal))
	if err != nil || cfg.Mail.onboarding().On {
		t.Errorf("mails without [mail]: %v", err)
	}
	if cfg, err = Parse("xivosync.toml", []byte(minimal+relayed)); err != nil {
		t.Fatal(err)
	}
	want := reconcile.Onboarding{On: true, Credentials: reconcile.CredentialsNone, Domain: "example.org"}
	if got := cfg.Mail.onboarding(); got != want {
		t.Errorf("%+v", got)
	}
	if plain, _ := Parse("xivosync.toml", []byte(minimal)); plain.fingerprint() == cfg.fingerprint() {
		t.Error("a plan without mails is one with them")
	}
	other, err := Parse("xivosync.toml", []byte(minimal+strings.Replace(relayed, "localhost", "127.0.0.1", 1)))
	if err != nil || other.fingerprint() != cfg.fingerprint() {
		t.Errorf("another relay makes another plan: %v", err)
	}
}

func TestWrongMailSettings(t *testing.T) {
	for name, tc := range map[string]struct{ text, at, want string }{
		"no host":            {"[mail]\nfrom = \"a@example.org\"\n", "[mail]", "mail.host: is missing"},
		"no sender":          {"[mail]\nhost = \"relay\"\n", "[mail]", "mail.from: is missing"},
		"a wrong sender":     {strings.Replace(relayed, "phones@", "", 1), "from", "is no mail address"},
		"a wrong admin":      {relayed + "admins = [\"a@example.org\", \"Ann <b@example.org>\"]\n", "admins", "is no mail address"},
		"a login alone":      {relayed + "username = \"x\"\n", "[mail]", "username needs a password"},
		"a password alone":   {relayed + "password = \"env:X\"\n", "[mail]", "there is a password"},
		"a literal password": {relayed + "password = \"hunter2\"\n", "hunter2", "must not stand"},
		"in clear":           {strings.Replace(relayed, "localhost", "relay.example.org", 1) + "security = \"none\"\n", "security", "in clear to relay.example.org"},
		"a wrong time":       {relayed + "digest = \"7am\"\n", "digest", "no time of day"},
		"a wrong policy":     {relayed + "credentials = \"all\"\n", "credentials", "initial_password"},
		"no such folder":     {relayed + "templates = \"/does/not/exist\"\n", "templates", "/does/not/exist"},
		"no such template":   {relayed + "[[rule]]\nwhen = {}\nset = { mail_template = \"vip\" }\n", "mail_template", "vip.en.txt"},
		"a template alone":   {"[[rule]]\nwhen = {}\nset = { mail_template = \"vip\" }\n", "mail_template", "there are no mails"},
	} {
		t.Run(name, func(t *testing.T) {
			text := minimal + tc.text
			_, err := Parse("xivosync.toml", []byte(text))
			all, _ := err.(Errors)
			if len(all) != 1 || all[0].Line != lineWith(text, tc.at) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q in line %d", err, tc.want, lineWith(text, tc.at))
			}
		})
	}
}

func TestATemplateIsReadWithTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "xivosync.toml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("xivosync.toml", minimal+relayed+"templates = \"mail\"\n[[rule]]\nwhen = {}\nset = { mail_template = \"vip\" }\n")
	write("mail/vip.en.txt", "Subject: x\n\n{{.Extension}}\n")
	if _, err := Load(file); err != nil {
		t.Errorf("%v", err)
	}
	write("mail/vip.fr.txt", "Subject: x\n\n\n{{.Extenson}}\n")
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "xivosync.toml:") || !strings.Contains(err.Error(), "vip.fr.txt:4") {
		t.Errorf("%v", err)
	}
}
