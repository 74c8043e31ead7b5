package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// Letter is a mail's content.
type Letter struct {
	Subject, Text string
	// HTML is empty where there is only text.
	HTML string
}

// Onboarding is what a template can tell a person who got a phone. What they do
// not have is empty.
type Onboarding struct {
	Firstname, Lastname, Name, Email string
	// Site is the name of the site whose numbers these are.
	Site string
	// Extension is the internal number, DID the direct one as it is dialled from
	// outside.
	Extension, DID string
	// Voicemail is the mailbox and PIN its code; Agent the number of the agent.
	Voicemail, PIN, Agent string
	// Login and Password are those of the telephony's programs. Which credentials
	// are told is a policy: ResetHint asks for a reset instead.
	Login, Password string
	ResetHint       bool
}

// Digest is what a template can tell those who look after the telephony.
type Digest struct {
	// Host is the machine that writes, Title what happened, Lines the details.
	Host, Title string
	Lines       []string
}

// ReportTemplate is the template of a [Digest].
const ReportTemplate = "report"

// samples are the data that every template has to work with, by its name.
var samples = map[string]any{
	"onboarding": Onboarding{Firstname: "Ann", Lastname: "Lee", Name: "Ann Lee", Email: "ann@example.org", Site: "lyon", Extension: "1023",
		DID: "+33 4 72 10 10 23", Voicemail: "1023", PIN: "000000", Agent: "1023", Login: "ann", Password: "sample", ResetHint: true},
	ReportTemplate: Digest{Host: "pbx", Title: "sample", Lines: []string{"a line"}},
}

//go:embed templates
var builtIn embed.FS

// Letters are the templates, parsed and tried.
type Letters struct {
	texts map[string]*template.Template
	pages map[string]*htmltemplate.Template
}

// Templates reads the built-in templates and, over them, those of a folder; an
// empty one has none. They are called NAME.LANGUAGE.txt and .html, such as
// onboarding.fr.txt; the first line of a text is "Subject: …". Every template is
// tried with made-up data: all that is wrong is in the error, by file and line.
func Templates(folder string) (*Letters, error) {
	l := &Letters{texts: map[string]*template.Template{}, pages: map[string]*htmltemplate.Template{}}
	own, err := fs.Sub(builtIn, "templates")
	if err != nil {
		return nil, err
	}
	if err := l.read(own, ""); err != nil {
		return nil, err
	}
	if folder != "" {
		if err := l.read(os.DirFS(folder), folder); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// read parses every template of a folder.
func (l *Letters) read(files fs.FS, folder string) error {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return fmt.Errorf("read the mail templates in %s: %w", folder, err)
	}
	var wrong []error
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext != ".txt" && ext != ".html" || e.IsDir() {
			continue
		}
		if err := l.add(files, folder, e.Name()); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

func (l *Letters) add(files fs.FS, folder, file string) error {
	where := path.Join(folder, file)
	text, err := fs.ReadFile(files, file)
	if err != nil {
		return err
	}
	name, ext := strings.TrimSuffix(file, path.Ext(file)), path.Ext(file)
	kind, lang, _ := strings.Cut(name, ".")
	if lang == "" {
		return fmt.Errorf("mail template %s: its name has no language; it is called like onboarding.fr%s", where, ext)
	}
	if ext == ".txt" {
		t, err := template.New(where).Option("missingkey=error").Parse(string(text))
		if err != nil {
			return fmt.Errorf("mail template %w", err)
		}
		l.texts[name] = t
	} else {
		t, err := htmltemplate.New(where).Option("missingkey=error").Parse(string(text))
		if err != nil {
			return fmt.Errorf("mail template %w", err)
		}
		l.pages[name] = t
	}
	return l.try(name, where, sampleOf(kind))
}

// sampleOf is the data for a kind of mail; a kind of the operator's own is an
// onboarding that a rule chose.
func sampleOf(kind string) any {
	if s, known := samples[kind]; known {
		return s
	}
	return samples["onboarding"]
}

func (l *Letters) try(name, where string, data any) error {
	if t := l.texts[name]; t != nil {
		if _, err := l.write(t, l.pages[name], data); err != nil {
			return err
		}
		return nil
	}
	if err := l.pages[name].Execute(&bytes.Buffer{}, data); err != nil {
		return fmt.Errorf("mail template %w", err)
	}
	return nil
}

// Has tells whether there are templates of that kind, in any language.
func (l *Letters) Has(kind string) bool {
	return slices.Contains(l.Kinds(), kind)
}

// Kinds lists the kinds of mail that there are templates for, in order.
func (l *Letters) Kinds() []string {
	var out []string
	for name := range l.texts {
		kind, _, _ := strings.Cut(name, ".")
		out = append(out, kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Write fills the template of a kind in a language such as fr_FR, else in fr,
// else in English.
func (l *Letters) Write(kind, language string, data any) (Letter, error) {
	short, _, _ := strings.Cut(language, "_")
	for _, lang := range []string{language, short, "en"} {
		name := kind + "." + lang
		if t := l.texts[name]; t != nil {
			return l.write(t, l.pages[name], data)
		}
	}
	return Letter{}, fmt.Errorf("there is no mail template %s.%s.txt, nor %s.en.txt", kind, short, kind)
}

func (l *Letters) write(text *template.Template, page *htmltemplate.Template, data any) (Letter, error) {
	var out bytes.Buffer
	if err := text.Execute(&out, data); err != nil {
		return Letter{}, fmt.Errorf("mail template %w", err)
	}
	head, body, _ := strings.Cut(out.String(), "\n")
	subject, ok := strings.CutPrefix(strings.TrimSpace(head), "Subject:")
	if !ok {
		return Letter{}, fmt.Errorf("mail template %s:1: the first line is not \"Subject: …\"", text.Name())
	}
	letter := Letter{Subject: strings.TrimSpace(subject), Text: paragraphs(body)}
	if page == nil {
		return letter, nil
	}
	out.Reset()
	if err := page.Execute(&out, data); err != nil {
		return Letter{}, fmt.Errorf("mail template %w", err)
	}
	letter.HTML = out.String()
	return letter, nil
}

// blank lines that stand where a template had nothing to say.
var blank = regexp.MustCompile(`\n\s*\n\s*\n`)

// paragraphs makes one blank line of several.
func paragraphs(text string) string {
	for blank.MatchString(text) {
		text = blank.ReplaceAllString(text, "\n\n")
	}
	return strings.TrimSpace(text) + "\n"
}
