package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/targets/mail/mailtest"
)

// TestAdminsReadWhyTheRelayLetsNobodyIn in the run's output, the outbox, the log of the
// service and "check"; the mails wait until it is mended, and go out then.
func TestAdminsReadWhyTheRelayLetsNobodyIn(t *testing.T) {
	t.Parallel()
	write := func(p *posting, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := mailtest.Start(t, mailtest.Options{})
	for name, tc := range map[string]struct {
		spoil func(*posting) *mailtest.Middle
		mend  func(*posting)
		words string
	}{
		"a wrong password": {
			func(p *posting) *mailtest.Middle { write(p, "relay.secret", "wrong-word"); return nil },
			func(p *posting) { write(p, "relay.secret", mailtest.Password) },
			`refuses the login of "xivosync": put username and password of [mail] right`,
		},
		"another authority": {
			func(p *posting) *mailtest.Middle { write(p, "relay.pem", string(other.CA)); return nil },
			func(p *posting) { write(p, "relay.pem", string(p.relay.CA)) },
			"compare host, server_name and ca of [mail]",
		},
		"somebody who hides STARTTLS": {
			func(p *posting) *mailtest.Middle {
				m := mailtest.StartMiddle(t, p.relay, false)
				p.port = m.Port
				p.mails(hardly)
				return m
			},
			func(p *posting) { p.port = p.relay.Port; p.mails(hardly) },
			"nothing is sent in clear",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPosting(t, mailtest.Options{}, hardly)
			p.hire("ann", "zoe")
			middle := tc.spoil(p)
			out, said := p.run(0, "run", "--allow", "first-run")
			if strings.Count(out, "No mail could be sent") != 1 || !strings.Contains(out, tc.words) {
				t.Errorf("the run: %s", out)
			}
			list, _ := p.run(0, "outbox")
			check, _ := p.run(1, "check", "--mail", "me@example.org")
			for what, text := range map[string]string{"outbox": list, "check": check} {
				if !strings.Contains(text, tc.words) {
					t.Errorf("%s: %s", what, text)
				}
			}
			p.serve()
			p.later(6 * time.Minute)
			p.says("mails were not sent")
			p.says(strings.ReplaceAll(tc.words, `"`, `\"`))
			for _, text := range []string{out, said, list, check, p.service.log.String()} {
				if strings.Contains(text, "wrong-word") || strings.Contains(text, mailtest.Password) {
					t.Errorf("a password is told: %s", text)
				}
			}
			if n := p.relay.Tries(); n != 0 {
				t.Errorf("%d mails were offered", n)
			}
			if middle != nil {
				for _, line := range middle.Said() {
					if strings.Contains(line, "AUTH") || strings.Contains(line, "MAIL") {
						t.Errorf("said in clear: %q", line)
					}
				}
			}
			tc.mend(p)
			p.later(time.Hour)
			p.until("both mails are there", func() bool { return len(p.relay.Taken()) == 2 })
			p.stop(syscall.SIGTERM)
			p.wantOne("ann", "zoe")
		})
	}
}
