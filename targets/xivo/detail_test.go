package xivo

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// hall is confd's list of users with its paging, whose rows a test changes
// between two pages. A user who is in it twice has two rows, of which a page
// shows one, as confd does for a main line with two extensions.
type hall struct {
	rows   []int
	pages  int
	before func(h *hall)
	views  canned
}

func hallID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func (h *hall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !q.Has("offset") {
		h.views.ServeHTTP(w, r)
		return
	}
	h.pages++
	if h.before != nil {
		h.before(h)
	}
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	rows := h.rows[min(offset, len(h.rows)):min(offset+limit, len(h.rows))]
	var items []string
	for _, n := range slices.Compact(slices.Clone(rows)) {
		items = append(items, fmt.Sprintf(`{"id":%d,"uuid":%q,"firstname":"U%d","enabled":true,"description":"g%d"}`, n, hallID(n), n, n))
	}
	fmt.Fprintf(w, `{"total":%d,"items":[%s]}`, len(h.rows), strings.Join(items, ","))
}

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i + 1
	}
	return rows
}

func TestDetailReadsEveryPage(t *testing.T) {
	for _, n := range []int{0, 1, pageSize - 1, pageSize, pageSize + 1, 2*pageSize - 1, 2 * pageSize, 3*pageSize + 7} {
		h := &hall{rows: upTo(n)}
		list, err := collect(against(t, h).List(t.Context(), record.Detail))
		if err != nil || len(list) != n {
			t.Fatalf("%d users: %d, %v", n, len(list), err)
		}
		for i, r := range list {
			if r.ID != hallID(i+1) || r.Serial != uint64(i+1) || r.Identifier != fmt.Sprintf("g%d", i+1) || r.Doubtful {
				t.Fatalf("%d users: record %d is %+v", n, i, r)
			}
		}
	}
}

// Whoever comes or goes while pages are read makes the reading begin anew, so
// that nobody is missed.
func TestDetailWhileUsersChange(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(h *hall)
		want   int
		fails  bool
	}{
		"one deleted": {func(h *hall) {
			if h.pages == 2 {
				h.rows = slices.Delete(h.rows, 3, 4)
			}
		}, 3*pageSize - 1, false},
		"one deleted and one created": {func(h *hall) {
			if h.pages == 2 {
				h.rows = append(slices.Delete(h.rows, 3, 4), 9000)
			}
		}, 3 * pageSize, false},
		"the last of a page deleted, one created": {func(h *hall) {
			if h.pages == 2 {
				h.rows = append(slices.Delete(h.rows, pageSize-1, pageSize), 9000)
			}
		}, 3 * pageSize, false},
		"one created": {func(h *hall) {
			if h.pages == 2 {
				h.rows = append(h.rows, 9000)
			}
		}, 3*pageSize + 1, false},
		"never still": {func(h *hall) { h.rows = append(h.rows, 9000+h.pages) }, 0, true},
		"all gone": {func(h *hall) {
			if h.pages > 1 {
				h.rows = nil
			}
		}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hall{rows: upTo(3 * pageSize), before: tc.before}
			list, err := collect(against(t, h).List(t.Context(), record.Detail))
			if tc.fails {
				wantClass(t, err, record.Down, "changed while it was read")
				return
			}
			if err != nil || len(list) != tc.want {
				t.Errorf("%d users, %v; want %d", len(list), err, tc.want)
			}
		})
	}
}

// A user with two rows makes the total too big: the directory view tells
// whether all are there.
func TestDetailWithSeveralRowsOfOneUser(t *testing.T) {
	rows := append(upTo(pageSize), pageSize) // two rows, on two pages
	rows = append(rows, pageSize+1, pageSize+2, pageSize+2)
	directory := func(ids ...int) string {
		var items []map[string]any
		for _, n := range ids {
			items = append(items, view(survey[1], n, row(hallID(n))))
		}
		return viewed(t, items...)
	}
	h := &hall{rows: rows, views: canned{directoryURI: directory(rows...)}}
	list, err := collect(against(t, h).List(t.Context(), record.Detail))
	if err != nil || len(list) != pageSize+2 {
		t.Errorf("%d users, %v", len(list), err)
	}
	h.views[directoryURI] = directory(append(rows, 9000)...)
	_, err = collect(against(t, h).List(t.Context(), record.Detail))
	wantClass(t, err, record.Down, hallID(9000))
}

func TestDetailThatIsNotWhole(t *testing.T) {
	for name, body := range map[string]string{
		"no total":      `{"items":[]}`,
		"no items":      `{"total":3,"items":[]}`,
		"cut off":       `{"total":1,"items":[{"id":1`,
		"no uuid":       `{"total":1,"items":[{"id":1,"uuid":"x"}]}`,
		"another type":  `{"total":1,"items":[{"id":1,"uuid":"` + annID + `","firstname":5}]}`,
		"a field's":     `{"total":1,"items":[{"id":1,"uuid":"` + annID + `","ring_seconds":"soon"}]}`,
		"HTML":          `<html>`,
		"another shape": `[]`,
		"same twice":    `{"total":2,"items":[{"id":1,"uuid":"` + annID + `"},{"id":1,"uuid":"` + annID + `"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
			list, err := collect(c.List(t.Context(), record.Detail))
			wantClass(t, err, record.Down)
			if len(list) != 0 {
				t.Errorf("%d records", len(list))
			}
		})
	}
}

func TestServerWithoutExportIsReadInDetail(t *testing.T) {
	h := live(t, xivosim.Options{})
	h.create(t, "firstname", "Ann", "caller_id", `"A"`, "description", "g")
	h.sim.Inject(xivosim.Fault{Path: "/1.1/users/export", Status: 404, Body: "<html>"})
	list := h.all(t, record.Survey)
	if len(list) != 1 || list[0].Doubtful || list[0].Values["caller_id"].First() != `"A"` {
		t.Errorf("%+v", list)
	}
	if !strings.Contains(h.log.String(), "no /users/export") {
		t.Error("nobody was told what it costs")
	}
}

// A survey costs three requests, and agrees with detail in all that it tells.
func TestSurveyAgreesWithDetail(t *testing.T) {
	h := live(t, xivosim.Options{})
	for i := range 5 {
		h.create(t, "firstname", fmt.Sprintf("F%d", i), "lastname", "L;\"\n", "description", fmt.Sprintf("g%d", i), "enabled", strconv.FormatBool(i%2 == 0),
			"email", fmt.Sprintf("e%d@x.test", i), "ring_seconds", strconv.Itoa(i), "password", "secret", "mobile_phone_number", "+33"+strconv.Itoa(i))
	}
	before := h.Requests()
	surveyed := h.all(t, record.Survey)
	if got := h.Requests(); got.Read != before.Read+3 || got.Write != before.Write {
		t.Errorf("requests %+v after %+v", got, before)
	}
	detailed := map[string]record.Record{}
	for _, r := range h.all(t, record.Detail) {
		detailed[r.ID] = r
	}
	if len(surveyed) != 5 || len(detailed) != 5 {
		t.Fatalf("%d and %d users", len(surveyed), len(detailed))
	}
	for _, r := range surveyed {
		full := detailed[r.ID]
		if r.Name != full.Name || r.Identifier != full.Identifier || r.Disabled != full.Disabled || r.Serial != full.Serial || r.Doubtful {
			t.Errorf("survey %+v, detail %+v", r, full)
		}
		for name, v := range r.Values {
			if !v.Equal(full.Values[name]) {
				t.Errorf("%s of %s: survey %q, detail %q", name, r.Name, v, full.Values[name])
			}
		}
		if len(r.Values) != len(full.Values)-1 {
			t.Errorf("survey tells %d fields of %d: want all but caller_id", len(r.Values), len(full.Values))
		}
	}
}

func TestFind(t *testing.T) {
	for field, tc := range map[string]struct{ value, alike string }{
		"description": {"guid-1", "GUID-1"},
		"userfield":   {"key-1", "KEY-1"},
		"username":    {"ann", "ANN"},
		"email":       {"ann@x.test", ""},
	} {
		t.Run(field, func(t *testing.T) {
			h := live(t, xivosim.Options{}, func(c *Config) { c.Identifier, c.Fields = field, []string{"firstname"} })
			made := h.create(t, "firstname", "Ann", field, tc.value)
			h.create(t, "firstname", "Nobody")
			if tc.alike != "" {
				h.create(t, "firstname", "Eve", field, tc.alike)
			}
			for identifier, want := range map[string]int{tc.value: 1, "": 0, "nobody's": 0, "%": 0} {
				found, err := h.Find(t.Context(), identifier)
				if err != nil || len(found) != want {
					t.Errorf("%q: %v, %v", identifier, found, err)
				}
				if want == 1 && err == nil && (found[0].ID != made.ID || found[0].Identifier != tc.value) {
					t.Errorf("%q: %+v", identifier, found[0])
				}
			}
		})
	}
	t.Run("e-mail in another case", func(t *testing.T) {
		h := live(t, xivosim.Options{}, func(c *Config) { c.Identifier = "email" })
		h.create(t, "firstname", "Ann", "email", "Ann@X.test")
		if found, err := h.Find(t.Context(), "aNN@x.TEST"); err != nil || len(found) != 1 {
			t.Errorf("%v, %v", found, err)
		}
	})
	t.Run("two of them", func(t *testing.T) {
		h := live(t, xivosim.Options{})
		h.create(t, "firstname", "A", "description", "g")
		h.create(t, "firstname", "B", "description", "g")
		if found, err := h.Find(t.Context(), "g"); err != nil || len(found) != 2 {
			t.Errorf("%v, %v", found, err)
		}
	})
	t.Run("no identifier configured", func(t *testing.T) {
		h := live(t, xivosim.Options{}, func(c *Config) { c.Identifier = "" })
		_, err := h.Find(t.Context(), "g")
		wantClass(t, err, record.Refused)
	})
}

// A filter that the server ignores gives no wrong answer.
func TestFindWhereTheFilterIsIgnored(t *testing.T) {
	few, many := canned{}, canned{}
	uri := "/1.1/users?description=g&limit=100&order=id"
	few[uri] = `{"total":2,"items":[{"id":1,"uuid":"` + annID + `","description":"x"},{"id":2,"uuid":"` + bobID + `","description":"g"}]}`
	many[uri] = `{"total":101,"items":[{"id":1,"uuid":"` + annID + `","description":"x"}]}`
	found, err := against(t, few).Find(t.Context(), "g")
	if err != nil || len(found) != 1 || found[0].ID != bobID {
		t.Errorf("%v, %v", found, err)
	}
	_, err = against(t, many).Find(t.Context(), "g")
	wantClass(t, err, record.Down, "does not look users up by description")
}

func TestReadWantsTheUserThatWasAskedFor(t *testing.T) {
	c := against(t, canned{"/1.1/users/" + annID: `{"id":1,"uuid":"` + bobID + `"}`})
	_, err := c.Read(t.Context(), annID)
	wantClass(t, err, record.Down, bobID)
}
