package mail

import (
	"context"
	"mime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"xivosync/targets/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is how a test's relay is reached.
func config(r *mailtest.Relay) Config {
	return Config{Host: "127.0.0.1", Port: r.Port, CA: r.CA, Username: mailtest.Username, Password: mailtest.Password,
		From: "Téléphonie <phones@example.org>", ReplyTo: "desk@example.org", Timeout: 10 * time.Second}
}

func relay(t *testing.T, cfg Config) *Relay {
	t.Helper()
	r, err := NewRelay(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func message() Message {
	return Message{ID: "run-7.change-3@xivosync.example.org", To: "zoe@example.org", Name: "Zoé Œuf, \"chef\"",
		Date:   time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC),
		Letter: Letter{Subject: "Votre téléphone est prêt", Text: "Bonjour Zoé,\n.\n..\nfin\n", HTML: "<p>Bonjour <b>Zoé</b></p>"}}
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	for name, opt := range map[string]mailtest.Options{"STARTTLS": {}, "TLS": {Implicit: true}, "no TLS": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, opt)
			cfg := config(server)
			switch {
			case opt.Implicit:
				cfg.Security = TLS
			case opt.Plain:
				cfg.Security, cfg.Username = None, ""
			}
			if err := relay(t, cfg).Send(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			taken := server.Taken()
			if len(taken) != 1 || taken[0].From != "phones@example.org" || taken[0].To != "zoe@example.org" {
				t.Fatalf("taken: %v", taken)
			}
			msg := taken[0].Message(t)
			decoder := new(mime.WordDecoder)
			for key, want := range map[string]string{
				"Subject": "Votre téléphone est prêt", "Message-Id": "<run-7.change-3@xivosync.example.org>",
				"Auto-Submitted": "auto-generated", "Date": "Sun, 22 Nov 2026 08:00:00 +0000",
				"Reply-To": "<desk@example.org>", "User-Agent": "", "X-Mailer": "",
			} {
				got, err := decoder.DecodeHeader(msg.Header.Get(key))
				if err != nil || got != want {
					t.Errorf("%s: %q (%v), want %q", key, got, err, want)
				}
			}
			to, err := msg.Header.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Name != "Zoé Œuf, \"chef\"" || to[0].Address != "zoe@example.org" {
				t.Errorf("to %v, %v", to, err)
			}
			want := map[string]string{"text/plain": "Bonjour Zoé,\n.\n..\nfin\n", "text/html": "<p>Bonjour <b>Zoé</b></p>"}
			if diff := cmp.Diff(want, taken[0].Parts(t)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatAFailureMeans(t *testing.T) {
	for name, tc := range map[string]struct {
		fault mailtest.Fault
		class Class
		words string
		taken int
	}{
		"a busy relay":                              {mailtest.Fault{Code: 451}, Temporary, "try again later", 0},
		"a full mailbox":                            {mailtest.Fault{Code: 452, AtEnd: true}, Temporary, "try again later", 0},
		"nobody of that name":                       {mailtest.Fault{Code: 550}, Permanent, "mailbox unavailable", 0},
		"refused for what it says":                  {mailtest.Fault{Code: 554, AtEnd: true}, Permanent, "mailbox unavailable", 0},
		"cut in the middle of the message":          {mailtest.Fault{CutBefore: true}, Uncertain, "", 0},
		"cut after the relay took the mail":         {mailtest.Fault{CutAfter: true}, Uncertain, "", 1},
		"a fault for somebody else changes nothing": {mailtest.Fault{Code: 550, OnlyFor: "other@example.org"}, -1, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, mailtest.Options{})
			server.Fail(tc.fault)
			err := relay(t, config(server)).Send(t.Context(), message())
			if (err == nil) != (tc.class < 0) || err != nil && ClassOf(err) != tc.class {
				t.Errorf("%v, class %v", err, ClassOf(err))
			}
			if err != nil && (!strings.Contains(err.Error(), tc.words) || !strings.Contains(err.Error(), "zoe@example.org") || strings.Contains(err.Error(), "Bonjour")) {
				t.Errorf("%v", err)
			}
			if n := len(server.Taken()); n != tc.taken {
				t.Errorf("%d taken", n)
			}
		})
	}
}

func TestOnlyTheRightRelayIsSpokenTo(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	elsewhere := mailtest.Start(t, mailtest.Options{Name: "relay.example.org"})
	plain := mailtest.Start(t, mailtest.Options{Plain: true})
	implicit := mailtest.Start(t, mailtest.Options{Implicit: true, Name: "relay.example.org"})
	stripper, refuser := mailtest.StartMiddle(t, server, false), mailtest.StartMiddle(t, server, true)
	for name, tc := range map[string]struct {
		change func(*Config)
		class  Class
		words  string
	}{
		"a certificate of the wrong name":      {func(c *Config) { c.Port, c.CA = elsewhere.Port, elsewhere.CA }, Temporary, "not who it should be"},
		"the wrong name, with TLS at once":     {func(c *Config) { c.Security, c.Port, c.CA = TLS, implicit.Port, implicit.CA }, Temporary, "not who it should be"},
		"an unknown authority":                 {func(c *Config) { c.CA = nil }, Temporary, "compare host, server_name and ca of [mail]"},
		"another relay's authority":            {func(c *Config) { c.CA = elsewhere.CA }, Temporary, "certificate"},
		"a wrong password":                     {func(c *Config) { c.Password = "wrong-word" }, Permanent, "refuses the login of \"xivosync\": put username and password of [mail] right"},
		"nobody of that name":                  {func(c *Config) { c.Username = "nobody" }, Permanent, "535"},
		"no login":                             {func(c *Config) { c.Username = "" }, Temporary, "530"},
		"a relay without TLS":                  {func(c *Config) { c.Port = plain.Port }, Temporary, "offers no STARTTLS"},
		"somebody takes STARTTLS away":         {func(c *Config) { c.Port = stripper.Port }, Temporary, "nothing is sent in clear"},
		"somebody refuses STARTTLS":            {func(c *Config) { c.Port = refuser.Port }, Temporary, "TLS not available"},
		"TLS at once is spoken to no STARTTLS": {func(c *Config) { c.Security = TLS }, Temporary, "tls"},
		"nobody listens":                       {func(c *Config) { c.Port = 1 }, Temporary, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(server)
			tc.change(&cfg)
			err := relay(t, cfg).Send(t.Context(), message())
			if err == nil || ClassOf(err) != tc.class || !strings.Contains(err.Error(), tc.words) || Unreached(err) != (name != "no login") {
				t.Errorf("%v", err)
			}
			if err != nil && (strings.Contains(err.Error(), mailtest.Password) || strings.Contains(err.Error(), "wrong-word")) {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
	if n := len(server.Taken()) + len(elsewhere.Taken()) + len(plain.Taken()) + len(implicit.Taken()); n != 0 {
		t.Errorf("%d mails were taken", n)
	}
	for _, line := range slices.Concat(stripper.Said(), refuser.Said()) {
		if verb, _, _ := strings.Cut(line, " "); verb != "EHLO" && verb != "STARTTLS" && verb != "QUIT" {
			t.Errorf("said in clear: %q", line)
		}
	}
	if len(stripper.Said()) == 0 || len(refuser.Said()) < 2 {
		t.Error("nobody was in the middle")
	}
	cfg := config(elsewhere)
	cfg.ServerName = "relay.example.org"
	if err := relay(t, cfg).Send(t.Context(), message()); err != nil {
		t.Errorf("with the right name: %v", err)
	}
}

func TestADirectoryCannotWriteHeaders(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	r := relay(t, config(server))
	m := message()
	m.Name, m.Letter.Subject = "Eve\r\nBcc: boss@example.org", "Hi\r\nX-Evil: yes\r\n\r\nbody"
	if err := r.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	msg := server.Taken()[0].Message(t)
	if msg.Header.Get("Bcc") != "" || msg.Header.Get("X-Evil") != "" {
		t.Errorf("%v", msg.Header)
	}
	for _, to := range []string{"", "nobody", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org", "Ann <a@example.org>", "team: a@example.org;", "\xff@example.org", "<a@example.org>"} {
		m.To = to
		if err := r.Send(t.Context(), m); ClassOf(err) != Permanent || err == nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	if n := len(server.Taken()); n != 1 {
		t.Errorf("%d mails were taken", n)
	}
}

func TestAStoppedRunStopsSending(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := relay(t, config(server)).Send(ctx, message()); err == nil || ClassOf(err) != Temporary {
		t.Errorf("%v", err)
	}
}

func TestAWrongConfigurationIsSaid(t *testing.T) {
	for want, cfg := range map[string]Config{
		`from "": mail: no address`:              {Host: "relay"},
		`reply_to "x":`:                          {Host: "relay", From: "a@b.org", ReplyTo: "x"},
		`security "ssl": it is starttls, tls or`: {Host: "relay", From: "a@b.org", Security: "ssl"},
		"no certificate in PEM":                  {Host: "relay", From: "a@b.org", CA: []byte("x")},
		"relay :":                                {From: "a@b.org"},
	} {
		if _, err := NewRelay(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, cfg := range map[string]Config{"relay:587": {Host: "relay"}, "relay:465": {Host: "relay", Security: TLS}, "relay:25": {Host: "relay", Security: None}, "relay:2525": {Host: "relay", Port: 2525}} {
		if got := (&Relay{cfg: cfg}).Address(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
