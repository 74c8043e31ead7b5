package report

import (
	"fmt"
	"io"
	"strings"

	"xivosync/conflicts"
	"xivosync/reconcile/record"
)

// Text writes the report for a terminal or a mail.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", r.Title(), r.moment(r.Made))
	if r.Run != nil {
		fmt.Fprintf(&b, "%s\n", r.summary())
		for _, c := range r.Changes {
			textOfChange(&b, c)
		}
		for _, f := range r.Run.Failures {
			fmt.Fprintf(&b, "\nNot served in full: %s: %s\n", Plain(f.Label()), Plain(f.Error))
		}
	}
	if len(r.Conflicts) == 0 {
		b.WriteString("\nNothing waits for a person.\n")
	}
	site, first := "", true
	for _, g := range r.Groups() {
		if first || g.Site != site {
			name := Plain(siteName(g.Site))
			fmt.Fprintf(&b, "\n%s\n%s\n", name, strings.Repeat("=", len([]rune(name))))
			site, first = g.Site, false
		}
		fmt.Fprintf(&b, "\n%s (%d)\n", Plain(g.Kind), len(g.Conflicts))
		for _, c := range g.Conflicts {
			r.textOfConflict(&b, c)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func textOfChange(b *strings.Builder, c record.Change) {
	fmt.Fprintf(b, "\n%s: %s (%s)\n", Plain(c.Person.Label()), Plain(did(c)), stepWords(c.Step))
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		fmt.Fprintf(b, "  %s: %s → %s\n", Plain(name), quotedText(d.Before, d.Secret), quotedText(d.After, d.Secret))
	}
	for _, more := range []string{c.Reason, c.Error} {
		if more != "" {
			fmt.Fprintf(b, "  %s\n", Plain(more))
		}
	}
}

func (r *Report) textOfConflict(b *strings.Builder, c record.Conflict) {
	fmt.Fprintf(b, "\n  %d  %s\n", c.Number, Plain(subject(c)))
	if c.Person.DN != "" {
		fmt.Fprintf(b, "     %s\n", Plain(c.Person.DN))
	}
	fmt.Fprintf(b, "     %s\n", Plain(c.Message))
	if c.Field != "" {
		held := now(c)
		fmt.Fprintf(b, "     last known   %s\n     directory    %s\n     XiVO         %s\n", r.lastKnown(c),
			quotedText(held.LDAP, c.Secret), quotedText(held.XiVO, c.Secret))
	}
	if c.Reopened != "" {
		fmt.Fprintf(b, "     Decide again: %s\n", Plain(c.Reopened))
	}
	if c.Hint != "" {
		fmt.Fprintf(b, "     What to do: %s\n", Plain(c.Hint))
	}
	if d := c.Decision; d != nil {
		fmt.Fprintf(b, "     Decided: %s, by %s on %s: %s\n", Plain(d.Taken(c.Secret)), Plain(d.Who), r.moment(d.At), Plain(d.Why))
		return
	}
	for _, choice := range conflicts.Choices(c, r.Program) {
		fmt.Fprintf(b, "     %s\n       %s\n", choice.Does, choice.Command)
	}
}

// lastKnown is what both sides last held, once where that is the same.
func (r *Report) lastKnown(c record.Conflict) string {
	l, x := quotedText(c.Base.LDAP, c.Secret), quotedText(c.Base.XiVO, c.Secret)
	if l == x {
		return l
	}
	return fmt.Sprintf("%s in the directory, %s in XiVO", l, x)
}

func quotedText(v record.Value, secret bool) string {
	switch {
	case v.Empty():
		return "(empty)"
	case secret:
		return "(secret)"
	}
	return `"` + Plain(text(v, false)) + `"`
}

func subject(c record.Conflict) string {
	if c.Field == "" {
		return c.Person.Label()
	}
	return c.Person.Label() + ", " + c.Field
}

// did says what a change does, in words.
func did(c record.Change) string {
	where := map[record.Side]string{record.LDAP: "in the directory", record.XiVO: "in XiVO"}[c.Side]
	thing := string(c.Thing)
	if c.Thing == record.User || c.Thing == record.Entry {
		thing = ""
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", c.Op, thing, where)), " ")
}

// summary says how a run went.
func (r *Report) summary() string {
	run := r.Run
	outcome := string(run.Outcome)
	if outcome == "" {
		outcome = "not finished"
	}
	return fmt.Sprintf("Started %s (%s, %s). Outcome: %s. %s.", r.moment(run.Started), Plain(run.Trigger), Plain(run.Who), outcome, capital(Tally(run.Counts)))
}

// Tally lists the counts that are not zero.
func Tally(c record.Counts) string {
	var parts []string
	for _, one := range []struct {
		n    int
		what string
	}{
		{c.Created, "created"}, {c.Adopted, "linked"}, {c.Updated, "changed in XiVO"}, {c.WrittenBack, "changed in the directory"},
		{c.Deactivated, "deactivated"}, {c.Reactivated, "reactivated"}, {c.Deleted, "deleted"}, {c.Conflicts, "with conflicts"},
		{c.Blocked, "blocked"}, {c.Failed, "failed"}, {c.Stale, "skipped"}, {c.Held, "held"}, {c.Mails, "mails"},
	} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.what))
		}
	}
	if len(parts) == 0 {
		return "no changes"
	}
	return strings.Join(parts, ", ")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
