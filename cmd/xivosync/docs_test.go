package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"xivosync/cmd/xivosync/config"
	"xivosync/targets/xivo"
)

// TestEveryBlockOfTheDocs wants each to say what it is, so that none escapes the
// other tests, and outputs to have a command before them.
func TestEveryBlockOfTheDocs(t *testing.T) {
	for _, p := range pages(t) {
		for _, fault := range p.faults {
			t.Errorf("%s: %s", p.name, fault)
		}
		ran := false
		for _, b := range p.blocks {
			ran = ran || b.kind == commandBlock
			if b.kind == outputBlock && !ran {
				t.Errorf("%s: output without a command before it:\n%s", p.name, b.text)
			}
		}
	}
}

// TestEveryCommandOfTheProgram asks the command tree about each command line of
// this program, those within the text included, where capitals stand for values.
func TestEveryCommandOfTheProgram(t *testing.T) {
	seen := 0
	for _, p := range pages(t) {
		var lines []string
		for _, b := range p.blocks {
			lines = append(lines, b.commands()...)
		}
		for i, line := range append(lines, p.spans...) {
			args := ours(line)
			if args == nil {
				continue
			}
			seen++
			if err := understood(args, i < len(lines)); err != nil {
				t.Errorf("%s: %s: %v", p.name, line, err)
			}
		}
	}
	if seen < 120 {
		t.Errorf("only %d command lines were found", seen)
	}
}

// optional brackets stand around what may be left out.
var optional = regexp.MustCompile(`[\[\]…]`)

// ours are the arguments of a command line of this program, which the text also
// names by the command alone; nil where it is none.
func ours(line string) []string {
	w := words(optional.ReplaceAllString(line, ""))
	if len(w) == 0 || strings.HasPrefix(line, "[") { // a table of the configuration
		return nil
	}
	if strings.TrimPrefix(w[0], "bin/") == "xivosync" {
		return w[1:]
	}
	for _, c := range newProgram(os.Stdout, os.Stderr).root().Commands() {
		if c.Name() == w[0] && len(w) > 1 {
			return w
		}
	}
	return nil
}

// understood asks the command tree about a command line, without running it; one
// that is only named may lack its arguments.
func understood(args []string, whole bool) error {
	if len(args) == 0 {
		return nil // the program's name
	}
	cmd, rest, err := newProgram(os.Stdout, os.Stderr).root().Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	if !cmd.Runnable() {
		return fmt.Errorf("%s does nothing by itself", cmd.CommandPath())
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// standing is what a block of a page may take for granted.
var standing = []string{
	"[ldap]\nurl = \"ldaps://dc1.example.org\"\nbind_dn = \"cn=sync\"\npassword = \"file:ldap.secret\"\nbase = \"dc=example,dc=org\"\n",
	"[xivo]\nurl = \"https://xivo.example.org:9486\"\nusername = \"xivosync\"\npassword = \"file:xivo.secret\"\n",
	"[identifier]\nldap = \"objectGUID\"\nxivo = \"description\"\n",
	"[numbering]\nregion = \"FR\"\n",
	"[[numbering.site]]\nname = \"lyon\"\ncontext = \"default\"\nextensions = \"1000-1999\"\ndid_context = \"from-extern\"\n",
	"[fields.firstname]\nldap = \"givenName\"\n",
	"[fields.outgoing_caller_id]\ndirection = \"none\"\n",
	"[fields.extension]\nldap = \"ipPhone\"\n",
	"[fields.did]\nldap = \"telephoneNumber\"\n",
	"[fields.mobile_phone_number]\nldap = \"mobile\"\n",
}

// TestTheDocsLoad loads each block of TOML, with what it leaves out.
func TestTheDocsLoad(t *testing.T) {
	loaded := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.kind != "toml" || p.name == "README" { // TestReadmeExample
				continue
			}
			cfg, err := config.Parse(p.name+".md", []byte(withStanding(b.text)))
			if err == nil {
				_, err = cfg.Settings(xivo.Fields())
			}
			if err != nil {
				t.Errorf("%v\n%s", err, withStanding(b.text))
			}
			loaded++
		}
	}
	if loaded < 6 {
		t.Errorf("only %d blocks of TOML were found", loaded)
	}
}

func withStanding(text string) string {
	if strings.Contains(text, "[ldap]\n") {
		return text // it stands for itself
	}
	for _, part := range slices.Backward(standing) {
		if header, _, _ := strings.Cut(part, "\n"); !strings.Contains("\n"+text, "\n"+header) {
			text = part + text
		}
	}
	return text
}
