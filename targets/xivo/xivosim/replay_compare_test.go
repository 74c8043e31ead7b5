package xivosim

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
)

func mapsKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// testRand is a random source that gives the same values at every run.
type testRand struct{ *rand.ChaCha8 }

func newTestRand() testRand { return testRand{rand.NewChaCha8([32]byte{1})} }

func (r testRand) Read(b []byte) (int, error) { return r.ChaCha8.Read(b) }

// generated tells which values of a member are made by confd.
var generated = map[string]*regexp.Regexp{
	"uuid":                   uuidPattern,
	"user_uuid":              uuidPattern,
	"username":               regexp.MustCompile(`^[a-z0-9]{8}$`),
	"secret":                 regexp.MustCompile(`^[a-z0-9]{8}$`),
	"name":                   regexp.MustCompile(`^[a-z0-9]{8}$`),
	"sip_username":           regexp.MustCompile(`^[a-z0-9]{8}$`),
	"sip_secret":             regexp.MustCompile(`^[a-z0-9]{8}$`),
	"provisioning_code":      regexp.MustCompile(`^[0-9]{6}$`),
	"provisioning_extension": regexp.MustCompile(`^[0-9]{6}$`),
	"id":                     regexp.MustCompile(`^[0-9a-f]{32}$`),
}

// byArrival are the steps whose rows PostgreSQL returned in an order that
// comes from its joins and that no rule of ours explains: compared as sets.
var byArrival = map[string]string{
	"06_user_list_search/28": "order=uuid: the uuids are others",
	"06_user_list_search/95": "order=exten: the order of a hash join",
	"08_endpoint_sip/32":     "by user name: the generated ones are others",
	"08_endpoint_sip/36":     "by user name: the generated ones are others",
	"08_endpoint_sip/39":     "by user name: the generated ones are others",
}

func (p *player) compare(s step, w *httptest.ResponseRecorder) {
	at := fmt.Sprintf("%s %s", s.Method, s.Path)
	if w.Code != s.Status {
		p.t.Errorf("step %d %s: status %d, recorded %d; answered %.300s", s.N, at, w.Code, s.Status, w.Body.String())
		return
	}
	p.bindHeaders(s, w)
	if have, want := w.Header().Get("Content-Type"), s.Reply["Content-Type"]; have != want {
		p.t.Errorf("step %d %s: content type %q, recorded %q", s.N, at, have, want)
	}
	for _, name := range []string{"Allow", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
		if have, want := w.Header().Get(name), s.Reply[name]; have != want {
			p.t.Errorf("step %d %s: %s %q, recorded %q", s.N, at, name, have, want)
		}
	}
	for _, diff := range p.compareBody(s, w) {
		p.t.Errorf("step %d %s: %s", s.N, at, diff)
	}
	if have, want := w.Header().Get("Location"), p.ours(s.Reply["Location"]); pathOf(have) != pathOf(want) {
		p.t.Errorf("step %d %s: location %q, recorded %q", s.N, at, have, want)
	}
}

// bindHeaders learns the nonce and the cookie of a challenge.
func (p *player) bindHeaders(s step, w *httptest.ResponseRecorder) {
	for _, name := range []string{"Www-Authenticate", "WWW-Authenticate"} {
		theirs := digestField.FindAllStringSubmatch(s.Reply[name], -1)
		mine := digestField.FindAllStringSubmatch(w.Header().Get(name), -1)
		for i, m := range theirs {
			if i < len(mine) && m[2] != mine[i][2] {
				p.bound[m[2]] = mine[i][2]
			}
		}
	}
	theirs, mine := cookieValue(s.Reply["Set-Cookie"]), cookieValue(w.Header().Get("Set-Cookie"))
	if (theirs == "") != (mine == "") {
		p.t.Errorf("step %d: cookie %q, recorded %q", s.N, mine, theirs)
	}
	if theirs != "" && s.Status == 401 {
		p.bound[theirs] = mine
	}
}

func cookieValue(header string) string {
	value, _, _ := strings.Cut(strings.TrimPrefix(header, "session="), ";")
	return value
}

func (p *player) compareBody(s step, w *httptest.ResponseRecorder) []string {
	if s.Response == nil {
		if strings.HasPrefix(s.Reply["Content-Type"], "text/csv") {
			return p.compareCSV(*s.Text, w.Body.String())
		}
		if have, want := w.Body.String(), *s.Text; have != want {
			return []string{fmt.Sprintf("body %q, recorded %q", have, want)}
		}
		return nil
	}
	var want, have any
	if err := json.Unmarshal(s.Response, &want); err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &have); err != nil {
		return []string{fmt.Sprintf("body %q: %v", w.Body.String(), err)}
	}
	if _, ok := byArrival[fmt.Sprintf("%s/%d", p.scenario, s.N)]; ok {
		sortItems(want)
		sortItems(have)
	}
	if texts, ok := want.([]any); ok && s.Status >= 400 {
		return p.compareTexts(texts, have)
	}
	return p.diff("", "", want, have)
}

// sortItems orders a list's items by id, for steps whose order is arbitrary.
func sortItems(v any) {
	m, _ := v.(map[string]any)
	items, _ := m["items"].([]any)
	slices.SortFunc(items, func(a, b any) int {
		return int(a.(map[string]any)["id"].(float64)) - int(b.(map[string]any)["id"].(float64))
	})
}

// diff walks both values; generated strings are bound at first sight.
func (p *player) diff(where, member string, want, have any) (out []string) {
	switch want := want.(type) {
	case map[string]any:
		mine, ok := have.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, recorded an object", where, have)}
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if v, ok := mine[k]; ok {
				out = append(out, p.diff(where+"."+k, k, want[k], v)...)
			} else {
				out = append(out, fmt.Sprintf("%s.%s is missing", where, k))
			}
		}
		for _, k := range slices.Sorted(maps.Keys(mine)) {
			if _, ok := want[k]; !ok {
				out = append(out, fmt.Sprintf("%s.%s is not in the recording", where, k))
			}
		}
		return out
	case []any:
		mine, ok := have.([]any)
		if !ok || len(mine) != len(want) {
			return []string{fmt.Sprintf("%s is %.300v, recorded %.300v", where, have, want)}
		}
		for i := range want {
			out = append(out, p.diff(fmt.Sprintf("%s[%d]", where, i), member, want[i], mine[i])...)
		}
		return out
	case string:
		mine, ok := have.(string)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, recorded %q", where, have, want)}
		}
		return p.diffText(where, member, want, mine)
	}
	if member != "timestamp" && want != have {
		return []string{fmt.Sprintf("%s is %v, recorded %v", where, have, want)}
	}
	return nil
}

func (p *player) diffText(where, member, want, have string) []string {
	if member == "message" {
		return p.compareTexts([]any{want}, []any{have})
	}
	if r := generated[member]; r != nil && r.MatchString(want) && !strings.Contains(p.sent.String(), want) {
		mine, known := p.bound[want]
		if !known && r.MatchString(have) {
			p.bound[want], mine = have, have
		}
		if mine != have {
			return []string{fmt.Sprintf("%s is %q, earlier %q", where, have, mine)}
		}
		return nil
	}
	if ours := p.ours(want); ours != have {
		return []string{fmt.Sprintf("%s is %q, recorded %q", where, have, ours)}
	}
	return nil
}

// compareTexts compares error texts: the part before the parenthesis, and the
// set of what is in it. Several texts come from a dict: their order means nothing.
func (p *player) compareTexts(want []any, have any) []string {
	mine, _ := have.([]any)
	a, b := p.normal(want, true), p.normal(mine, false)
	if !slices.Equal(a, b) {
		return []string{fmt.Sprintf("says %q, recorded %q", b, a)}
	}
	return nil
}

func (p *player) normal(texts []any, recorded bool) []string {
	var out []string
	for _, v := range texts {
		text, _ := v.(string)
		if recorded {
			text = p.ours(text)
		}
		out = append(out, normalText(text))
	}
	slices.Sort(out)
	return out
}

var metaKey = regexp.MustCompile(`(?:^|, )'\w+': `)

func normalText(text string) string {
	if strings.HasPrefix(text, "Unexpected error: (DataError)") {
		first, _, _ := strings.Cut(text, "\n") // what follows is the statement
		return first
	}
	head, details, ok := strings.Cut(text, " ('")
	if !ok {
		return text
	}
	details = strings.TrimSuffix("'"+details, ")")
	var entries []string
	places := metaKey.FindAllStringIndex(details, -1)
	for i, at := range places {
		end := len(details)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		entries = append(entries, strings.TrimPrefix(details[at[0]:end], ", "))
	}
	slices.Sort(entries)
	return head + " (" + strings.Join(entries, ", ") + ")"
}

func (p *player) compareCSV(want, have string) (out []string) {
	a, errA := csv.NewReader(strings.NewReader(want)).ReadAll()
	b, errB := csv.NewReader(strings.NewReader(have)).ReadAll()
	if errA != nil || errB != nil || len(a) != len(b) {
		return []string{fmt.Sprintf("csv %q, recorded %q", have, want)}
	}
	for i, record := range a {
		if len(b[i]) != len(record) {
			return append(out, fmt.Sprintf("line %d has %d cells, recorded %d", i+1, len(b[i]), len(record)))
		}
		for j, cell := range record {
			out = append(out, p.diffText(fmt.Sprintf("line %d %s", i+1, a[0][j]), a[0][j], cell, b[i][j])...)
		}
	}
	return out
}
