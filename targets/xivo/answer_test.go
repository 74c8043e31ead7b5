package xivo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
)

// canned answers the survey's three requests, and anything else, with what it
// holds by path and query.
type canned map[string]string

func (c canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := c[r.URL.RequestURI()]
	if !ok {
		http.Error(w, "<html>not found</html>", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

const (
	exportURI    = "/1.1/users/export"
	directoryURI = "/1.1/users?view=directory"
	summaryURI   = "/1.1/users?view=summary"
)

// against starts a server and a client of it that uses no token.
func against(t testing.TB, handler http.Handler, change ...func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	conf := Config{URL: srv.URL, Fields: mappedInTests, Identifier: "description"}
	for _, f := range change {
		f(&conf)
	}
	return client(t, conf)
}

// The recordings of what the survey hides and invents: whatever happens to
// lines, mailboxes and DIDs, what is read of the users is right, and the
// surveyed fields are those that GET /users/ID told at the same moment.
func TestRecordedSurveys(t *testing.T) {
	answers := canned{}
	surveys := 0
	disabled := map[string]bool{}
	for _, s := range recorded(t, "25_survey.json") {
		if s.Method != "GET" || s.Status != 200 {
			continue
		}
		answers[s.Path] = string(s.Body)
		if s.Path != summaryURI {
			continue
		}
		surveys++
		c := against(t, maps.Clone(answers))
		list, err := collect(c.List(t.Context(), record.Survey))
		if err != nil {
			t.Fatalf("step %d: %v", s.N, err)
		}
		for _, r := range list {
			if r.Doubtful {
				t.Errorf("step %d: %s is doubtful", s.N, r.Name)
			}
			first, _, _ := strings.Cut(r.Name, " ")
			if want := first == "Bob" || first == "Ann"; want != (r.Identifier == "guid-"+first) {
				t.Errorf("step %d: %s has the identifier %q", s.N, r.Name, r.Identifier)
			}
			disabled[fmt.Sprint(s.N, first)] = r.Disabled
			for _, hidden := range []string{"caller_id", "timezone"} {
				if _, read := r.Values[hidden]; read {
					t.Errorf("step %d: %s tells %s", s.N, r.Name, hidden)
				}
			}
			if r.Serial == 0 {
				t.Errorf("step %d: %s has no number", s.N, r.Name)
			}
		}
	}
	if surveys < 8 || !disabled["45Bob"] || disabled["55Bob"] || disabled["45Ann"] {
		t.Errorf("%d surveys, disabled %v", surveys, disabled)
	}
}

// row makes a row of the export with the surveyed fields of the tests.
func row(id string, fields ...string) map[string]string {
	r := map[string]string{"uuid": id, "sip_secret": "sip-secret", "exten": "1001"}
	for _, name := range survey[0].tells {
		f, _ := fieldOf(name)
		switch {
		case f.Kind == record.Bool:
			r[name] = "1"
		case f.Kind == record.Int:
			r[name] = "5"
		default:
			r[name] = ""
		}
	}
	for i := 0; i < len(fields); i += 2 {
		r[fields[i]] = fields[i+1]
	}
	return r
}

// view makes the row that a view has of an export's row.
func view(a answer, serial int, from map[string]string, fields ...string) map[string]any {
	v := map[string]any{"id": serial, "uuid": from["uuid"], "line_id": nil, "links": []any{map[string]any{"a": []int{1}}}}
	for _, name := range a.tells {
		v[name] = nil
		if from[name] != "" {
			v[name] = from[name]
		}
		if f, _ := fieldOf(name); f.Kind == record.Bool {
			v[name] = from[name] == "1"
		}
	}
	for i := 0; i < len(fields); i += 2 {
		v[fields[i]] = fields[i+1]
	}
	return v
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func exported(t testing.TB, rows ...map[string]string) string {
	t.Helper()
	return asJSON(t, map[string]any{"content": rows, "headers": append([]string{"uuid", "sip_secret"}, survey[0].tells...)})
}

func viewed(t testing.TB, rows ...map[string]any) string {
	t.Helper()
	return asJSON(t, map[string]any{"items": rows, "total": len(rows)})
}

const (
	annID = "f61bc1ad-2258-4878-b4a7-815d96f5de13"
	bobID = "c124f953-85d5-4c01-b6af-ec53b846e1be"
)

func TestSurveysThatContradictThemselves(t *testing.T) {
	ann, bob := row(annID, "firstname", "Ann"), row(bobID, "firstname", "Bob", "enabled", "0")
	directory := func(r map[string]string, fields ...string) map[string]any {
		return view(survey[1], 1, r, append([]string{"description", "guid"}, fields...)...)
	}
	summary := func(r map[string]string, fields ...string) map[string]any { return view(survey[2], 1, r, fields...) }
	for name, tc := range map[string]struct {
		export, directory, summary string
		extra                      canned
		want                       map[string]bool // doubtful by uuid
	}{
		"at one": {
			exported(t, ann, bob), viewed(t, directory(ann), directory(bob)), viewed(t, summary(ann), summary(bob)), nil,
			map[string]bool{annID: false, bobID: false},
		},
		"not in the export": {
			exported(t, ann), viewed(t, directory(ann), directory(bob)), viewed(t, summary(ann), summary(bob)), nil,
			map[string]bool{annID: false, bobID: true},
		},
		"not in the summary": {
			exported(t, ann, bob), viewed(t, directory(ann), directory(bob)), viewed(t, summary(bob)), nil,
			map[string]bool{annID: true, bobID: false},
		},
		"identifier not told, and gone": {
			exported(t, ann, bob), viewed(t, directory(ann)), viewed(t, summary(ann)),
			canned{"/1.1/users/" + bobID: "gone"}, map[string]bool{annID: false},
		},
		"identifier not told, and there": {
			exported(t, ann, bob), viewed(t, directory(ann)), viewed(t, summary(ann)),
			canned{"/1.1/users/" + bobID: asJSON(t, map[string]any{"id": 7, "uuid": bobID, "firstname": "Bob", "description": "guid"})},
			map[string]bool{annID: false, bobID: true},
		},
		"several rows": {
			exported(t, ann, ann, bob), viewed(t, directory(ann), directory(bob), directory(ann)), viewed(t, summary(ann), summary(bob), summary(ann)), nil,
			map[string]bool{annID: true, bobID: false},
		},
		"two values": {
			exported(t, ann, bob), viewed(t, directory(ann), directory(bob, "email", "b@x.test")), viewed(t, summary(ann), summary(bob)), nil,
			map[string]bool{annID: false, bobID: true},
		},
		"enabled and disabled": {
			exported(t, ann, row(bobID, "firstname", "Bob", "enabled", "1")), viewed(t, directory(ann), directory(bob)), viewed(t, summary(ann), summary(bob)), nil,
			map[string]bool{annID: false, bobID: true},
		},
		"no boolean": {
			exported(t, row(annID, "firstname", "Ann", "supervision_enabled", "")), viewed(t, directory(ann)), viewed(t, summary(ann)), nil,
			map[string]bool{annID: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			answers := canned{exportURI: tc.export, directoryURI: tc.directory, summaryURI: tc.summary}
			gone := http.NewServeMux()
			gone.Handle("/", answers)
			for uri, body := range tc.extra {
				gone.HandleFunc(uri, func(w http.ResponseWriter, _ *http.Request) {
					if body == "gone" {
						w.WriteHeader(http.StatusNotFound)
						body = `["Resource Not Found - User was not found ('id': 1)"]`
					}
					_, _ = io.WriteString(w, body)
				})
			}
			list, err := collect(against(t, gone).List(t.Context(), record.Survey))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, r := range list {
				got[r.ID] = r.Doubtful
				if r.Identifier != "guid" {
					t.Errorf("%s has the identifier %q", r.Name, r.Identifier)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("doubtful (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSurveysThatAreNotWhole(t *testing.T) {
	ann := row(annID, "firstname", "Ann")
	export, directory, summary := exported(t, ann), viewed(t, view(survey[1], 1, ann)), viewed(t, view(survey[2], 1, ann))
	without := func(text, part string) string { return strings.Replace(text, part, "", 1) }
	for name, answers := range map[string]canned{
		"export cut off":       {exportURI: export[:len(export)/2], directoryURI: directory, summaryURI: summary},
		"view cut off":         {exportURI: export, directoryURI: directory[:len(directory)-1], summaryURI: summary},
		"total disagrees":      {exportURI: export, directoryURI: strings.Replace(directory, `"total":1`, `"total":2`, 1), summaryURI: summary},
		"no total":             {exportURI: export, directoryURI: directory, summaryURI: without(summary, `,"total":1`)},
		"header lacks a field": {exportURI: without(export, `,"userfield"]`) + "]}", directoryURI: directory, summaryURI: summary},
		"no headers":           {exportURI: `{"content":[]}`, directoryURI: directory, summaryURI: summary},
		"no list":              {exportURI: `{}`, directoryURI: directory, summaryURI: summary},
		"row lacks a field":    {exportURI: without(export, `"username":"",`), directoryURI: directory, summaryURI: summary},
		"no uuid":              {exportURI: strings.ReplaceAll(export, annID, "7"), directoryURI: directory, summaryURI: summary},
		"HTML":                 {exportURI: "<html></html>", directoryURI: directory, summaryURI: summary},
		"empty":                {exportURI: "", directoryURI: directory, summaryURI: summary},
		"null":                 {exportURI: "null", directoryURI: directory, summaryURI: summary},
		"something behind":     {exportURI: export + "x", directoryURI: directory, summaryURI: summary},
		"not UTF-8":            {exportURI: strings.Replace(export, `"Ann"`, "\"A\xff\"", 1), directoryURI: directory, summaryURI: summary},
		"nested value":         {exportURI: strings.Replace(export, `"Ann"`, `{"a":[1]}`, 1), directoryURI: directory, summaryURI: summary},
		"view unknown":         {exportURI: export, summaryURI: summary},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := collect(against(t, answers).List(t.Context(), record.Survey))
			wantClass(t, err, record.Down)
			if len(list) != 0 {
				t.Errorf("%d records came before the error", len(list))
			}
		})
	}
}

func TestSecretColumnsAreDroppedUnlessMapped(t *testing.T) {
	ann := row(annID, "firstname", "Ann", "password", "hunter2")
	for _, fields := range [][]string{{"firstname"}, {"firstname", "password"}} {
		people := newRoster(surveyedOf(fields))
		if err := survey[0].decode(strings.NewReader(exported(t, ann)), 1, people); err != nil {
			t.Fatal(err)
		}
		cells := people.people[0].cells
		if strings.Contains(cells, "hunter2") != (len(fields) == 2) || strings.Contains(cells, "sip-secret") {
			t.Errorf("mapped %v: kept %q", fields, cells)
		}
	}
}

// Every answer is decoded alike, however it is cut into pieces on the way.
func TestDecodingDoesNotDependOnThePieces(t *testing.T) {
	ann := row(annID, "firstname", "Zoé \"\\\n\u2028 𝔷", "lastname", longText(200<<10))
	text := exported(t, ann, row(bobID))
	var want *roster
	for name, src := range map[string]io.Reader{
		"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)), "halves": iotest.HalfReader(strings.NewReader(text)),
		"error with the data": iotest.DataErrReader(strings.NewReader(text)),
	} {
		got := newRoster(surveyedOf(mappedInTests))
		if err := survey[0].decode(src, 1, got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want.people, got.people, cmp.AllowUnexported(person{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// FuzzExport holds the scanner to encoding/json: what it accepts, that accepts,
// and both read the same.
func FuzzExport(f *testing.F) {
	for _, s := range recorded(f, "25_survey.json") {
		if s.Path == exportURI {
			f.Add(s.answer())
		}
	}
	f.Add([]byte(`{"content":[{"uuid":"f61bc1ad-2258-4878-b4a7-815d96f5de13","firstname":"\ud83d\ude00","lastname":"","enabled":"1","x":[1,{"y":null}]}],"headers":["firstname","lastname","enabled"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		people := newRoster([]string{"firstname", "lastname", "enabled"})
		if survey[0].decode(bytes.NewReader(body), 1, people) != nil {
			return
		}
		var plain struct {
			Content []map[string]any `json:"content"`
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
		if json.Unmarshal(body, &plain) != nil || strings.Count(string(body), `"content"`) != 1 {
			return // two keys that differ in case, or one twice
		}
		if len(people.people) > len(plain.Content) {
			t.Errorf("%d people in %d rows", len(people.people), len(plain.Content))
		}
		if len(people.people) == len(plain.Content) {
			for i, p := range people.people {
				text, told, _ := unpack(p.cells)
				if want, ok := plain.Content[i]["firstname"].(string); told && ok && want != text && !p.doubtful {
					t.Errorf("firstname %q, want %q", text, want)
				}
			}
		}
	})
}

// hundredThousand is a survey of that many people, an answer of some 110 MB
// among it, made as it is read.
func hundredThousand(n int, a answer) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprintf(w, `{%q: [`, a.rows)
		var b bytes.Buffer
		for i := range n {
			b.Reset()
			if i > 0 {
				b.WriteByte(',')
			}
			writeRow(&b, a, i)
			if _, err := w.Write(b.Bytes()); err != nil {
				return
			}
		}
		headers, _ := json.Marshal(a.tells)
		fmt.Fprintf(w, `], "total": %d, "headers": %s}`, n, headers)
		w.Close()
	}()
	return r
}

func writeRow(b *bytes.Buffer, a answer, i int) {
	fmt.Fprintf(b, `{"id": %d, "uuid": "00000000-0000-4000-8000-%012d"`, i+1, i)
	for _, name := range a.tells {
		f, _ := fieldOf(name)
		switch {
		case f.Kind == record.Bool && a.words:
			fmt.Fprintf(b, `, %q: "1"`, name)
		case f.Kind == record.Bool:
			fmt.Fprintf(b, `, %q: true`, name)
		case f.Kind == record.Int:
			fmt.Fprintf(b, `, %q: "30"`, name)
		default:
			fmt.Fprintf(b, `, %q: "%s of %d"`, name, name, i)
		}
	}
	if a.words {
		for _, name := range []string{"entity_id", "cti_profile_name", "voicemail_name", "voicemail_number", "voicemail_context", "sip_username", "sip_secret", "exten", "incall_exten", "incall_context"} {
			fmt.Fprintf(b, `, %q: "some value of %d"`, name, i)
		}
	}
	b.WriteByte('}')
}

// BenchmarkSurvey decodes the three answers about 100,000 people and makes
// their records; "live-MB" is what is held when all is decoded.
func BenchmarkSurvey(b *testing.B) {
	c, err := New(Config{URL: "http://127.0.0.1:1", Fields: mappedInTests, Identifier: "description"})
	if err != nil {
		b.Fatal(err)
	}
	texts := make([][]byte, len(survey))
	for i, a := range survey {
		if texts[i], err = io.ReadAll(hundredThousand(100_000, a)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		people := decodeAll(b, c, texts)
		n := 0
		for i := range people.people {
			if r := c.record(people, i, 7); !r.Doubtful {
				n++
			}
		}
		if n != 100_000 {
			b.Fatalf("%d records are not doubtful", n)
		}
	}
	before := heap()
	people := decodeAll(b, c, texts)
	b.ReportMetric(float64(heap()-before)/1e6, "live-MB")
	runtime.KeepAlive(people)
	runtime.KeepAlive(texts)
}

func decodeAll(b *testing.B, c *Client, texts [][]byte) *roster {
	people := newRoster(c.surveyed)
	for i, a := range survey {
		if err := a.decode(bytes.NewReader(texts[i]), 1<<i, people); err != nil {
			b.Fatal(err)
		}
	}
	return people
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// An answer that is cut off once, or contradicts itself once, is asked for
// again, with everything that belongs to it.
func TestSurveyIsRepeated(t *testing.T) {
	ann := row(annID, "firstname", "Ann")
	good := canned{exportURI: exported(t, ann), directoryURI: viewed(t, view(survey[1], 1, ann)), summaryURI: viewed(t, view(survey[2], 1, ann))}
	for name, bad := range map[string]string{
		"cut off":   good[summaryURI][:40],
		"unsteady":  strings.Replace(good[summaryURI], `"total":1`, `"total":2`, 1),
		"no answer": "",
	} {
		t.Run(name, func(t *testing.T) {
			asked := map[string]int{}
			c := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked[r.URL.RequestURI()]++
				if r.URL.RequestURI() == summaryURI && asked[summaryURI] == 1 {
					_, _ = io.WriteString(w, bad)
					return
				}
				good.ServeHTTP(w, r)
			}))
			list, err := collect(c.List(t.Context(), record.Survey))
			if err != nil || len(list) != 1 || list[0].Doubtful {
				t.Errorf("%+v, %v", list, err)
			}
			if diff := cmp.Diff(map[string]int{exportURI: 2, directoryURI: 2, summaryURI: 2}, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}
