package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"xivosync/cmd/xivosync/config"
	"xivosync/targets/xivo"
)

// page is a page of the documentation, cut into what the tests look at.
type page struct {
	name   string
	blocks []block
}

// block is a fenced block, or a comment that begins with "test": its lines are
// those of a script and prepare what the reader of the next block has already.
type block struct{ kind, text string }

var fenced = regexp.MustCompile("(?ms)^```([a-z]*)[^\n]*\n(.*?)^```|^<!-- (test)\n(.*?)^-->")

// indented lines show commands with numbers and names that are the reader's: they
// are checked, not run.
var indented = regexp.MustCompile(`(?m)^    ((?:(?:bin/)?xivosync|make) .*)$`)

func pages(t *testing.T) []page {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	var all []page
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := page{name: strings.TrimSuffix(filepath.Base(file), ".md")}
		for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
			p.blocks = append(p.blocks, block{m[1] + m[3], m[2] + m[4]})
		}
		for _, m := range indented.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			p.blocks = append(p.blocks, block{"indented", m[1]})
		}
		all = append(all, p)
	}
	return all
}

// commands are the lines of a block that are typed, without their remarks.
func (b block) commands() (lines []string) {
	if b.kind != "sh" && b.kind != "indented" {
		return nil
	}
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

var remark = regexp.MustCompile(`\s+# .*$`)

// words cuts a command line as a shell does: blanks, and quotes of both kinds.
func words(line string) (list []string) {
	for _, m := range regexp.MustCompile(`(?:[^\s'"]+|'[^']*'|"[^"]*")+`).FindAllString(remark.ReplaceAllString(line, ""), -1) {
		list = append(list, regexp.MustCompile(`'([^']*)'|"([^"]*)"`).ReplaceAllString(m, "$1$2"))
	}
	return list
}

// elsewhere are the programs of command lines that cannot be run here.
var elsewhere = []string{"apt", "chmod", "chown", "cp", "curl", "dsacls", "find", "git", "install", "ldapmodify", "openssl", "scp", "systemctl", "journalctl", "mkdir"}

// TestEveryCommandLineOfTheDocs checks each line: that it is a command of this
// program with its flags, a target of the Makefile, or a known program of others.
func TestEveryCommandLineOfTheDocs(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			for _, line := range b.commands() {
				seen++
				w := words(line)
				switch name := strings.TrimPrefix(w[0], "bin/"); {
				case name == "xivosync":
					if err := understood(w[1:]); err != nil {
						t.Errorf("%s: %s: %v", p.name, line, err)
					}
				case name == "make":
					for _, target := range w[1:] {
						if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
							t.Errorf("%s: the Makefile has no %s", p.name, target)
						}
					}
				case !slices.Contains(elsewhere, w[0]):
					t.Errorf("%s: nobody knows %q", p.name, line)
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d command lines were found", seen)
	}
}

// understood asks the command tree about a command line, without running it.
func understood(args []string) error {
	cmd, rest, err := newProgram(os.Stdout, os.Stderr).root().Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if !cmd.Runnable() {
		return fmt.Errorf("%s does nothing by itself", cmd.CommandPath())
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// TestTheDocsAreTrue runs the commands of each page, in their order, in a world
// that the page's hidden comments prepare: each has to end well, or with the exit
// code that its remark names. The configuration is the one that the page shows,
// or else that of the world.
func TestTheDocsAreTrue(t *testing.T) {
	base, err := os.ReadFile("testdata/docs/world.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, p := range pages(t) {
		script := p.script(string(base))
		if script == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, p.name+".txtar"), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{Dir: dir, RequireExplicitExec: true, Setup: setUp, Cmds: scriptCommands()})
}

// lasting commands end only when they are stopped; serve_test.go and simulate_test.go
// run them.
var lasting = []string{"serve", "simulate", "demo", "completion"}

func (p page) script(base string) string {
	var s strings.Builder
	world, ran := "xivosync", 0
	var rights []string
	for _, b := range p.blocks {
		if b.kind == "acl" { // the page's rights have to do for its commands
			rights = append(rights, strings.Fields(b.text)...)
		}
		if b.kind == "test" {
			s.WriteString(b.text)
		}
		if b.kind == "toml" && strings.Contains(b.text, "[ldap]") && world == "xivosync" {
			world = "page"
			base += "-- page.toml --\n" + forWorld(b.text)
		}
		for _, line := range b.commands() {
			w := words(line)
			if b.kind == "indented" || strings.TrimPrefix(w[0], "bin/") != "xivosync" || slices.ContainsFunc(w, func(word string) bool { return slices.Contains(lasting, word) }) {
				continue
			}
			args := w[1:]
			if at := slices.Index(args, "-c"); at >= 0 {
				args = slices.Delete(args, at, at+2)
			}
			fmt.Fprintf(&s, "exits %s xivosync -c xivosync.toml", exitCode(line))
			for _, arg := range args {
				fmt.Fprintf(&s, " '%s'", strings.ReplaceAll(strings.TrimPrefix(arg, "/var/backups/"), "'", "''"))
			}
			s.WriteString("\n")
			ran++
		}
	}
	if ran == 0 {
		return ""
	}
	head := fmt.Sprintf("cp %s.toml xivosync.toml\nenv ACLS='%s'\nsides people.ldif\n", world, strings.Join(rights, " "))
	return head + s.String() + base
}

// exitCode is what the remark behind a command says, or 0.
func exitCode(line string) string {
	if m := regexp.MustCompile(`# .*exit code (\d+)`).FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return "0"
}

// forWorld puts the world's addresses and passwords into a page's configuration.
func forWorld(text string) string {
	for _, r := range [][2]string{
		{`(?m)^url = \[?"ldap.*$`, `url = "LDAP_URL"`},
		{`(?m)^url = "http.*$`, "url = \"XIVO_URL\"\nauth_url = \"AUTH_URL\""},
		{`(?m)^bind_dn = .*$`, `bind_dn = "cn=sync,dc=test"`},
		{`(?m)^ldap = "objectGUID"`, `ldap = "entryUUID"`},
		{`(?m)^(ca|fingerprint|start_tls|auth_url = "https).*$`, ""},
		{`(?m)^password = "[a-z]+:[^"]*ldap.*$`, `password = "env:LDAP_PASSWORD"`},
		{`(?m)^password = "[a-z]+:[^"]*xivo.*$`, `password = "env:XIVO_PASSWORD"`},
		{`(?m)^path = .*$`, `path = "state.db"`},
	} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	if !strings.Contains(text, "[state]") {
		text += "\n[state]\npath = \"state.db\"\n"
	}
	return text
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
			text := b.text
			for _, part := range standing {
				if strings.Contains(b.text, "[ldap]\n") {
					break // it stands for itself
				}
				if header, _, _ := strings.Cut(part, "\n"); !strings.Contains("\n"+b.text, "\n"+header) {
					text += part
				}
			}
			cfg, err := config.Parse(p.name+".md", []byte(text))
			if err == nil {
				_, err = cfg.Settings(xivo.Fields())
			}
			if err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			loaded++
		}
	}
	if loaded < 3 {
		t.Errorf("only %d blocks of TOML were found", loaded)
	}
}
