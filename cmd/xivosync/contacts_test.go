package main

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sheet = `
[numbering]
region = "FR"
[fields.mobile_phone_number]
ldap = "mobile"
[contacts]
file = "contacts.csv"
every = "0s"
[[contacts.field]]
label = "name"
ldap = "cn"
[[contacts.field]]
label = "mail"
ldap = "mail"
transform = [{ case = "upper" }]
search = false
`

func TestTheContactSheetIsWrittenAfterEachRun(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, sheet)
	s.run(3, "run") // the first run waits for somebody; the sheet is no secret
	before := s.contacts(t)
	if len(before) != 4 {
		t.Fatalf("%d lines", len(before))
	}
	if diff := cmp.Diff([]string{"name", "mail", "mobile_phone_number"}, before[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.slapd.Modify(dnOf(0), "cn", "Zoé | \"Œuf\"")
	s.slapd.Modify(dnOf(0), "mobile", "+33 6 12 34 56 78")
	s.slapd.Modify(dnOf(1), "employeeType", "disabled")
	s.run(0, "run", "--allow", "first-run")
	after := s.contacts(t)
	if len(after) != 3 {
		t.Errorf("a disabled account is in the sheet: %q", after)
	}
	found := false
	for _, row := range after {
		found = found || row[0] == "Zoé | \"Œuf\"" && strings.ToUpper(row[1]) == row[1] && row[2] == "0612345678"
	}
	if !found {
		t.Errorf("%q", after)
	}
	s.slapd.Kill() // no directory, no new sheet
	s.run(1, "run")
	if diff := cmp.Diff(after, s.contacts(t)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
}

// contacts reads the sheet that a run left.
func (s *station) contacts(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(s.dir, "contacts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return rowsOf(t, f)
}

func rowsOf(t *testing.T, text io.Reader) [][]string {
	t.Helper()
	r := csv.NewReader(text)
	r.Comma = '|'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheServiceAnswersXiVOsDirectoryServer(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, hardly+strings.Replace(sheet, "[contacts]\n", "[contacts]\nlisten = \"127.0.0.1:0\"\n", 1)+through)
	s.slapd.Modify(dnOf(0), "cn", "Élodie Müller")
	s.slapd.Modify(dnOf(0), "mobile", "06 12 34 56 78")
	s.serve()
	ask := func(query url.Values) [][]string {
		_, rest, _ := strings.Cut(s.service.log.String(), " contacts=")
		address, _, _ := strings.Cut(rest, " ")
		r, err := http.Get("http://" + address + "/contacts?" + query.Encode())
		if err != nil || r.StatusCode != http.StatusOK {
			return nil // not there yet
		}
		defer r.Body.Close()
		return rowsOf(t, r.Body)
	}
	s.until("the first sheet is served", func() bool { return len(ask(url.Values{"search": {"elodie"}})) == 2 })
	for _, query := range []url.Values{{"search": {"MULLER elo"}}, {"phone": {"+33612345678"}}, {"phone": {"0612345678"}}} {
		if got := ask(query); len(got) != 2 || got[1][0] != "Élodie Müller" || got[1][2] != "0612345678" {
			t.Errorf("%v: %q", query, got)
		}
	}
	if got := ask(url.Values{"search": {"nobody at all"}}); len(got) != 1 {
		t.Errorf("%q", got)
	}
	s.slapd.Modify(dnOf(0), "cn", "Élodie Durand")
	s.run(0, "run", "--allow", "first-run")
	if got := ask(url.Values{"search": {"durand"}}); len(got) != 2 {
		t.Errorf("after a run: %q", got)
	}
}
