package xivo

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/targets/xivo/xivosim"
)

// TestTheAccountsPageHasEveryRight compares the lists of docs/accounts.md with the
// rights that check asks for where everything is mapped and may be deleted.
func TestTheAccountsPageHasEveryRight(t *testing.T) {
	listed := listedRights(t)
	c := &Client{conf: Config{Deletes: true}}
	for _, thing := range things {
		c.held = append(c.held, thing.Name)
	}
	needed := c.rightsNeeded()
	for _, p := range probes {
		needed = append(needed, acl(p.q.method, p.q.path))
	}
	if diff := cmp.Diff(sorted(needed), sorted(listed)); diff != "" {
		t.Errorf("(-needed +listed):\n%s", diff)
	}
}

// listedRights are those of docs/accounts.md.
func listedRights(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```acl\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		list = append(list, strings.Fields(block[1])...)
	}
	return list
}

// TestEachListedRightIsNamedWhenMissing takes one right after the other from the
// page's lists, and asks XiVO what is missing.
func TestEachListedRightIsNamedWhenMissing(t *testing.T) {
	all := sorted(listedRights(t))
	for _, missing := range append(all, "") {
		rest := slices.DeleteFunc(slices.Clone(all), func(right string) bool { return right == missing })
		h := live(t, xivosim.Options{ACLs: rest})
		h.conf.Deletes = true
		for _, thing := range things {
			h.held = append(h.held, thing.Name)
		}
		var want []string
		if missing != "" && missing != "confd.users.export.read" { // which confd.users.*.read grants, too
			want = []string{missing}
		}
		caps, err := h.Capabilities(t.Context())
		if diff := cmp.Diff(want, sorted(caps.Refused)); diff != "" || err != nil {
			t.Errorf("without %q: %v (-want +got):\n%s", missing, err, diff)
		}
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
