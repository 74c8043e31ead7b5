package xivo

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheAccountsPageHasEveryRight compares the lists of docs/accounts.md with the
// rights that check asks for where everything is mapped and may be deleted.
func TestTheAccountsPageHasEveryRight(t *testing.T) {
	text, err := os.ReadFile("../../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, block := range regexp.MustCompile("(?s)```acl\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, strings.Fields(block[1])...)
	}
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

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
