// Package contacts offers the people of the directory to XiVO's directory
// server as a contact sheet: a CSV file, or a web service that searches it and
// looks numbers up.
//
// A [Sheet] never changes: a run fills a [Draft] while it lists the directory,
// and only a listing that came to its end replaces the sheet that is served
// ([Service.Publish]) or written ([Sheet.WriteFile]).
//
//	draft := layout.Draft()
//	for r, err := range directory.List(ctx, record.Survey) { … draft.Add(r) … }
//	sheet := draft.Sheet()
//	sheet.Search("durand", 50)   // the rows of everybody called so
//	sheet.Phone("+33 1 23 45 67 89", 50)
package contacts
