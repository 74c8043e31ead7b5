package contacts

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ask sends a request from an address to the service.
func ask(s *Service, method, target, from string, login ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = from
	if len(login) == 2 {
		r.SetBasicAuth(login[0], login[1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheServiceAnswersXiVOsDirectoryServer(t *testing.T) {
	s := NewService(Access{}, 50)
	if r := ask(s, "GET", "/contacts?search=a", "127.0.0.1:9"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("before the first sheet: %s", r.Status)
	}
	s.Publish(people())
	for query, want := range map[string][]string{
		"search=muller": {"Élodie Müller"},
		"search=" + url.QueryEscape("Müller É"): {"Élodie Müller"},
		"search=nobody":    {},
		"phone=0123456789": {"Élodie Müller"},
		"phone=" + url.QueryEscape("+33123456789"):  {"Élodie Müller"},
		"phone=+33123456789":                        {"Élodie Müller"}, // the plus unescaped
		"phone=1024&profile=default&token=whatever": {"Bœuf, Jean"},
		"phone=5555": {},
		"search=" + url.QueryEscape("x' OR 1=1; --|"): {},
	} {
		r := ask(s, "GET", "/contacts?"+query, "127.0.0.1:9")
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("%s: %s %v", query, r.Status, r.Header)
			continue
		}
		if diff := cmp.Diff(want, names(t, body(t, r))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", query, diff)
		}
	}
	if r := ask(s, "GET", "/contacts", "127.0.0.1:9"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("without a question: %s", r.Status)
	}
	if r := ask(s, "POST", "/contacts?search=a", "127.0.0.1:9"); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", r.Status)
	}
}

func TestOnlyWhoMayReadsTheContacts(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		access Access
		from   string
		login  []string
		want   int
	}{
		"this machine by default":         {Access{}, "127.0.0.1:5", nil, 200},
		"this machine, IPv6":              {Access{}, "[::1]:5", nil, 200},
		"another one is not":              {Access{}, "192.0.2.1:5", nil, 403},
		"a network":                       {Access{Networks: networks}, "10.1.2.3:5", nil, 200},
		"an IPv4 address inside IPv6":     {Access{Networks: networks}, "[::ffff:10.1.2.3]:5", nil, 200},
		"an IPv6 network":                 {Access{Networks: networks}, "[fd00::1]:5", nil, 200},
		"outside of it":                   {Access{Networks: networks}, "11.1.2.3:5", nil, 403},
		"networks shut this machine out":  {Access{Networks: networks}, "127.0.0.1:5", nil, 403},
		"a login":                         {Access{Username: "xivo", Password: "s"}, "192.0.2.1:5", []string{"xivo", "s"}, 200},
		"none given":                      {Access{Username: "xivo", Password: "s"}, "127.0.0.1:5", nil, 401},
		"a wrong password":                {Access{Username: "xivo", Password: "s"}, "192.0.2.1:5", []string{"xivo", "t"}, 401},
		"a wrong user":                    {Access{Username: "xivo", Password: "s"}, "192.0.2.1:5", []string{"", "s"}, 401},
		"a network needs no login":        {Access{Networks: networks, Username: "xivo", Password: "s"}, "10.0.0.1:5", nil, 200},
		"from elsewhere a login does":     {Access{Networks: networks, Username: "xivo", Password: "s"}, "192.0.2.1:5", []string{"xivo", "s"}, 200},
		"an empty login is none":          {Access{Networks: networks}, "192.0.2.1:5", []string{"", ""}, 403},
		"an address that cannot be read":  {Access{}, "@", nil, 403},
		"a password alone is no password": {Access{Networks: networks, Password: "s"}, "192.0.2.1:5", []string{"", "s"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewService(tc.access, 0)
			s.Publish(people())
			r := ask(s, "GET", "/contacts?search=e", tc.from, tc.login...)
			if r.StatusCode != tc.want {
				t.Errorf("%s, want %d", r.Status, tc.want)
			}
			if text := string(body(t, r)); tc.want != 200 && strings.Contains(text, "Müller") {
				t.Errorf("told %q", text)
			}
		})
	}
}

func FuzzSearch(f *testing.F) {
	s := people()
	f.Add("müller", "+33 1")
	f.Add("\n", "|")
	f.Add("\xc3\x28\u0345\u1e9e", "\x00")
	f.Fuzz(func(t *testing.T, text, number string) {
		parse(t, s.Search(text, 0))
		parse(t, s.Phone(number, 0))
	})
}
