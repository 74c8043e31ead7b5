package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

func (p *program) numberCommand() *cobra.Command {
	asJSON, site := false, ""
	cmd := &cobra.Command{
		Use:   "number VALUE",
		Short: "Show how a phone number is read and written, and why",
		Long: `Show how a value of the directory is read as a phone number: what it is, which
site it belongs to, what XiVO would hold of it in each field, and how the
directory would write that in each format. A value with an @, such as
1023@default, is one of XiVO. Only the configuration is read.` + exitStatus(exitUsage),
		Example: `  xivosync number "+33 4 72 10 10 23"
  xivosync number 1023 --site lyon
  xivosync number 0472101023@from-extern`,
		Args: one,
		RunE: func(_ *cobra.Command, args []string) error { return p.number(args[0], site, asJSON) },
	}
	cmd.Flags().StringVar(&site, "site", "", "read it as a number of this `site`, not of those that it belongs to")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *program) number(value, site string, asJSON bool) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	reading, err := settings.ReadNumber(value, site)
	if err != nil {
		return usagef("%w", err)
	}
	if asJSON {
		return printJSON(p.out, reading)
	}
	return p.showNumber(p.out, reading)
}

// numberKinds say in words what a number was read as.
var numberKinds = map[string]string{
	"public":   "a public number",
	"internal": "an internal number",
	"code":     "a feature code: it is never changed",
	"xivo":     "a number of XiVO in a context",
	"none":     "no phone number, as it stands",
}

// showNumber prints what the value is, and what becomes of it at each site.
func (p *program) showNumber(w io.Writer, r reconcile.NumberReading) error {
	fmt.Fprintln(w, p.style.bold(quoted(r.Value)))
	t := newTable(w, "  ")
	t.row("read as", numberKinds[r.ReadAs]+regionOf(r))
	for _, as := range reconcile.Formats() {
		if text := r.Formats[as]; text != "" {
			t.row(string(as), text)
		}
	}
	if err := t.end(); err != nil {
		return err
	}
	if r.Message != "" {
		fmt.Fprintf(w, "  %s\n", plain(r.Message))
	}
	for _, s := range r.Sites {
		title := "Site " + plain(s.Site) + ", though the number is not in its ranges:"
		if s.By != "" {
			title = "Site " + plain(s.Site) + ", by " + s.By + ":"
		}
		if err := p.showReadings(w, title, s.Fields, reconcile.Formats()); err != nil {
			return err
		}
	}
	if len(r.Fields) == 0 {
		return nil
	}
	return p.showReadings(w, "Fields of the user:", r.Fields, nil)
}

func regionOf(r reconcile.NumberReading) string {
	if r.ReadAs != "public" || r.Region == "" {
		return ""
	}
	return ", read in " + r.Region
}

// showReadings prints a row a field, and why below.
func (p *program) showReadings(w io.Writer, title string, fields []reconcile.FieldReading, formats []reconcile.NumberFormat) error {
	p.heading(w, true, "%s", title)
	t := newTable(w, "  ")
	head := []string{"field", "XiVO", "directory"}
	for _, as := range formats {
		head = append(head, string(as))
	}
	t.row(head...)
	for _, f := range fields {
		row := []string{f.Field, cmp.Or(f.XiVO, "–"), cmp.Or(f.LDAP, "–")}
		for _, as := range formats {
			row = append(row, cmp.Or(f.Formats[as], "–"))
		}
		t.row(row...)
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, f := range fields {
		if why := cmp.Or(f.Error, f.Why); why != "" {
			fmt.Fprintf(w, "  %s: %s\n", plain(f.Field), plain(why))
		}
	}
	return nil
}
