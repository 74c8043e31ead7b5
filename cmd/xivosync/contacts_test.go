package main

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"xivosync/sources/ldap/ldaptest"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/google/go-cmp/cmp"
)

const sheetText = `
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
	s := newStation(t, 3, sheetText)
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
	s := newStation(t, 3, hardly+strings.Replace(sheetText, "[contacts]\n", "[contacts]\nlisten = \"127.0.0.1:0\"\n", 1)+through)
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

// readings counts how often the directory is read for the sheet: nobody else asks
// for roomNumber.
func (s *station) readings() *atomic.Int64 {
	s.t.Helper()
	var n atomic.Int64
	m := ldaptest.NewMeddler(s.t, s.slapd.URL)
	var count ldaptest.Meddling
	count = func(p *ber.Packet) *ber.Packet {
		m.OnRequest(ldaptest.SearchRequest, count)
		asked := p.Children[1].Children[7].Children
		if slices.ContainsFunc(asked, func(a *ber.Packet) bool { return a.Data.String() == "roomNumber" }) {
			n.Add(1)
		}
		return p
	}
	m.OnRequest(ldaptest.SearchRequest, count)
	s.ldapURL = m.URL()
	return &n
}

// TestTheFirstSheetIsReadOnce: the run that is due when the service begins does not
// read again what the service has just read; later ones do. A service that is paused
// keeps the sheet up to date, too.
func TestTheFirstSheetIsReadOnce(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, "")
	readings := s.readings()
	s.configure("[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n" + strings.Replace(sheetText, "[contacts]\n", "[contacts]\nlisten = \"127.0.0.1:0\"\n", 1) +
		"[[contacts.field]]\nlabel = \"room\"\nldap = \"roomNumber\"\n")
	s.serve()
	s.says("PAUSED") // the first run was stopped, after it had left the sheet
	if got := readings.Load(); got != 1 || len(s.contacts(t)) != 4 {
		t.Errorf("the directory was read %d times for the first sheet, which has %d lines", got, len(s.contacts(t)))
	}
	s.slapd.Modify(dnOf(0), "cn", "Élodie Durand")
	s.until("a plan brings the sheet up to date", func() bool {
		return slices.ContainsFunc(s.contacts(t), func(row []string) bool { return row[0] == "Élodie Durand" })
	})
	if runs := s.runs(); len(runs) != 1 {
		t.Errorf("%d runs", len(runs))
	}
	s.stop(syscall.SIGTERM)
}
