package ldap

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// completeRanges fetches the rest of the attributes that came in part. Active
// Directory gives the first 1500 values as "member;range=0-1499"; the last part
// ends in "-*".
func (d *Directory) completeRanges(ctx context.Context, s *session, e *goldap.Entry) error {
	for _, a := range e.Attributes {
		if !strings.Contains(a.Name, ";") {
			continue
		}
		last, more := rangeEnd(a.Name)
		for more {
			part, err := d.nextRange(ctx, s, e.DN, a.Name, last+1)
			if err != nil {
				return err
			}
			next, again := rangeEnd(part.Name)
			if again && next <= last {
				return fmt.Errorf("%s of %s: the server repeats values %d to %d", a.Name, e.DN, last+1, next)
			}
			a.Values = append(a.Values, part.Values...)
			last, more = next, again
		}
	}
	return nil
}

func (d *Directory) nextRange(ctx context.Context, s *session, dn, name string, from int) (*goldap.EntryAttribute, error) {
	wanted := description(name)
	entry, err := d.entry(ctx, s, dn, []string{fmt.Sprintf("%s;range=%d-*", wanted, from)})
	if err != nil {
		return nil, err
	}
	for _, a := range entry.Attributes {
		if description(a.Name) == wanted && strings.Contains(strings.ToLower(a.Name), ";range=") {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s of %s: no values from the %dth on", name, dn, from)
}

// rangeEnd returns the index of the last value in a partial attribute, and
// whether more follow.
func rangeEnd(name string) (last int, more bool) {
	_, option, found := strings.Cut(strings.ToLower(name), ";range=")
	if !found {
		return 0, false
	}
	option, _, _ = strings.Cut(option, ";")
	_, end, _ := strings.Cut(option, "-")
	last, err := strconv.Atoi(end)
	return last, err == nil
}
