package main

import (
	"io"

	"github.com/spf13/cobra"

	"xivosync/conflicts/report"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// formats are how a report can be written; json is printed as the listings are.
var formats = map[string]func(*report.Report, io.Writer) error{
	"text": (*report.Report).Text,
	"csv":  (*report.Report).CSV,
	"html": (*report.Report).HTML,
	"json": nil,
}

// reporting is what the flags of a report say.
type reporting struct{ format, output string }

func (r *reporting) flags(cmd *cobra.Command, usual string) {
	cmd.Flags().StringVar(&r.format, "format", usual, "write it as text, json, csv (for a spreadsheet) or html (one page to read, send or print)")
	cmd.Flags().StringVarP(&r.output, "output", "o", "", "write it into this `file`")
}

// check refuses a format that there is not.
func (r *reporting) check() error {
	if _, known := formats[r.format]; !known {
		return usagef("--format %s: there are text, json, csv and html", r.format)
	}
	return nil
}

// write writes a report where the flags say, and plain where they ask for JSON.
func (p *program) writeReport(r reporting, content *report.Report, plain any) error {
	write := func(w io.Writer) error {
		if r.format == "json" {
			return printJSON(w, plain)
		}
		return formats[r.format](content, w)
	}
	if r.output == "" {
		return write(p.out)
	}
	return p.saveFile(r.output, write)
}

func (p *program) conflictsReportCommand() *cobra.Command {
	var flags struct {
		reporting
		filtering
	}
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write what waits for a person: as text, JSON, CSV or one HTML page",
		Long: `Write the conflicts that are open or decided, by site and kind: what both sides
hold and last held, what to do, and the command that does it. The HTML page needs
no other file and no script, and can be printed.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			filter, err := flags.filter(p.now())
			if err != nil {
				return err
			}
			var found []record.Conflict
			err = p.looking(func(db *store.DB) (err error) {
				found, err = chosen(db, filter)
				return err
			})
			if err != nil {
				return err
			}
			return p.writeReport(flags.reporting, p.newReport(found), orEmpty(found))
		},
	}
	flags.reporting.flags(cmd, "text")
	flags.filtering.flags(cmd)
	return cmd
}

// newReport is a report about conflicts, in the reader's time zone.
func (p *program) newReport(found []record.Conflict) *report.Report {
	return &report.Report{Made: p.now().Local(), Program: p.called(), Conflicts: found}
}

// called is how the reader calls xivosync with the configuration in use.
func (p *program) called() string {
	if p.config == "" || p.config == defaultConfig {
		return "xivosync"
	}
	return "xivosync -c " + shellWord(p.config)
}
