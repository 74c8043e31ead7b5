package config

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo"
)

// page is the documentation of the keys; everything in it is made from
// [Reference], which is made from the types that the program reads.
const page = "../../../docs/configuration.md"

// TestThePageIsTheReference fails when a key, its default or its meaning changed
// and the page did not: go test ./cmd/xivosync/config -run Page -update.
func TestThePageIsTheReference(t *testing.T) {
	want := referencePage(Reference())
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/configuration.md is not what the program reads (run with -update): %s", diff)
	}
}

const pageHead = "# Every key of the configuration\n\n" +
	"This page is written by a test from what the program itself reads: it cannot be out of date.\n" +
	"Change the descriptions in `cmd/xivosync/config`, not here.\n\n" +
	"One TOML file holds everything, by default `/etc/xivosync/xivosync.toml`; `-c FILE` names another. What is unknown,\n" +
	"of the wrong type or impossible is an error with its line, all of them at once. Passwords are never in the file, only\n" +
	"references to them: `file:PATH`, `env:NAME`, or `cred:NAME` for systemd's `LoadCredential=`. Relative paths begin at\n" +
	"the folder of the file. Times are written `30s`, `5m`, `24h` or `30d`.\n\n" +
	"`NAME` stands for a name of your own or of a field of XiVO. A table that stands in a list is written `[[like.this]]`.\n" +
	"`xivosync.example.toml` shows all of it in use.\n"

// referencePage writes a section for each table, with a row for each key.
func referencePage(keys []Key) string {
	var b strings.Builder
	b.WriteString(pageHead)
	seen := map[string]string{} // the rows of a table and where they stand
	for _, table := range tablesOf(keys) {
		rows := rowsOf(keys, table)
		if first := seen[rows]; first != "" {
			fmt.Fprintf(&b, "\n`%s` has the keys of `%s`.\n", heading(table), first)
			continue
		}
		seen[rows] = heading(table)
		fmt.Fprintf(&b, "\n## `%s`\n\n", heading(table))
		for _, k := range keys {
			if strings.TrimSuffix(strings.TrimSuffix(k.Key, "[]"), ".NAME") == strings.TrimSuffix(strings.TrimSuffix(table, "[]"), ".NAME") {
				fmt.Fprintf(&b, "%s\n\n", sentence(k.Doc))
			}
		}
		b.WriteString("| key | value | default | |\n|---|---|---|---|\n" + rows)
	}
	return b.String() + fieldsPage(xivo.Fields())
}

const fieldsHead = "\n## The fields of XiVO\n\n" +
	"What `[fields.NAME]` can be called, and what XiVO takes. What belongs to a thing (a line with its number, a mailbox, an\n" +
	"agent) comes with that thing. *Only with detail* means that a change made in XiVO is noticed when that person is read in\n" +
	"full: by an audit, or because something else of theirs changes. *Once* means that it is sent at creation and not compared\n" +
	"afterwards, unless you give a direction.\n\n" +
	"| field | belongs to | what XiVO takes | |\n|---|---|---|---|\n"

// fieldsPage lists what the target declares, by which plans are checked, too.
func fieldsPage(fields []record.Field) string {
	var b strings.Builder
	b.WriteString(fieldsHead)
	for _, f := range fields {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, cmp.Or(f.Thing, record.User), cell(takes(f)), strings.Join(traits(f), "; "))
	}
	return b.String()
}

func takes(f record.Field) string {
	switch {
	case f.Shape != "":
		return f.Shape
	case f.Kind == record.Bool:
		return "true or false"
	case f.Kind == record.Int:
		return fmt.Sprintf("a whole number from %d to %d", f.Min, f.Max)
	case f.MaxLength > 0:
		return fmt.Sprintf("up to %d characters", f.MaxLength)
	}
	return "text"
}

func traits(f record.Field) []string {
	var list []string
	for _, trait := range []struct {
		has  bool
		text string
	}{
		{f.Required, "must have a value"},
		{f.Unique, "one user at most has each value"},
		{f.Identifies, "can carry the identifier"},
		{f.Secret, "secret: never shown"},
		{f.Initial, "once"},
		{f.Fixed, "never changes"},
		{!f.Surveyed, "only with detail"},
		{f.AtCreation != "", fmt.Sprintf("new users get `%s` where nothing is given", f.AtCreation)},
	} {
		if trait.has {
			list = append(list, trait.text)
		}
	}
	return list
}

// notYet are the keys that this version refuses, for their rows.
func notYet(key string) string {
	for _, l := range later {
		if key == l.key && l.value == "" {
			return " **Refused: this version does not do " + l.what + " yet.**"
		}
	}
	return ""
}

func rowsOf(keys []Key, table string) string {
	var b strings.Builder
	for _, k := range keys {
		if tableOf(k.Key) == table {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.TrimPrefix(strings.TrimPrefix(k.Key, table), "."), valueOf(k), defaultOf(k), cell(sentence(k.Doc)+notYet(k.Key)))
		}
	}
	return b.String()
}

// tablesOf lists the tables that have keys, in the order of the keys.
func tablesOf(keys []Key) []string {
	var tables []string
	seen := map[string]bool{"": true}
	for _, k := range keys {
		if table := tableOf(k.Key); !seen[table] {
			seen[table] = true
			tables = append(tables, table)
		}
	}
	return tables
}

func tableOf(key string) string {
	at := strings.LastIndex(key, ".")
	if at < 0 {
		return ""
	}
	return key[:at]
}

// heading is how a table is written in the file.
func heading(table string) string {
	if list, ok := strings.CutSuffix(table, "[]"); ok && !strings.Contains(list, "NAME") {
		return "[[" + strings.ReplaceAll(list, "[]", "") + "]]"
	}
	return "[" + strings.ReplaceAll(table, "[]", "") + "]"
}

func valueOf(k Key) string {
	text := k.Type
	if k.Choices != "" {
		text = "`" + strings.ReplaceAll(k.Choices, "|", "`, `") + "`"
	}
	if k.Range != "" {
		text += ", " + k.Range
	}
	return cell(text)
}

func defaultOf(k Key) string {
	switch {
	case k.Required:
		return "**required**"
	case k.Default == "":
		return ""
	}
	return "`" + cell(strings.ReplaceAll(k.Default, "'", `"`)) + "`"
}

// sentence begins with a capital and ends with a full stop.
func sentence(doc string) string {
	if doc == "" {
		return ""
	}
	if first, _, _ := strings.Cut(doc, " "); !strings.ContainsAny(first, ":_") { // no address, no value
		doc = strings.ToUpper(doc[:1]) + doc[1:]
	}
	if !strings.ContainsAny(doc[len(doc)-1:], ".…") {
		doc += "."
	}
	return doc
}

// cell keeps a text in its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
