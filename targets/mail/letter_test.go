package mail

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func templates(t *testing.T, folder string) *Letters {
	t.Helper()
	l, err := Templates(folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheBuiltInLetters(t *testing.T) {
	l := templates(t, "")
	if diff := cmp.Diff([]string{"onboarding", "report"}, l.Kinds()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	zoe := Onboarding{Firstname: "Zoé", Name: "Zoé Œuf", Extension: "1023", DID: "+33 4 72 10 10 23", Voicemail: "1023", PIN: "482913", Login: "zoe", Password: "Xy7-first"}
	for lang, words := range map[string][]string{
		"en": {"Your phone is ready: 1023", "Hello Zoé", "Voicemail PIN     482913", "Xy7-first", "dial *98"},
		"fr": {"Votre téléphone est prêt : 1023", "Bonjour Zoé", "Code de la messagerie   482913", "Xy7-first", "composez le *98"},
	} {
		letter, err := l.Write("onboarding", lang, zoe)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(letter.Subject+"\n"+letter.Text, w) {
				t.Errorf("%s: no %q in\n%s\n%s", lang, w, letter.Subject, letter.Text)
			}
		}
		for _, w := range []string{"Zoé", "1023", "+33 4 72 10 10 23", "482913", "Xy7-first", `lang="` + lang + `"`} {
			if !strings.Contains(strings.ReplaceAll(letter.HTML, "&#43;", "+"), w) {
				t.Errorf("%s: no %q in\n%s", lang, w, letter.HTML)
			}
		}
		if strings.Contains(letter.Text, "\n\n\n") || strings.Contains(letter.Text, "gent") {
			t.Errorf("%s: gaps, or an agent who is none:\n%s", lang, letter.Text)
		}
	}
}

func TestAPersonWithALittleGetsALittle(t *testing.T) {
	letter, err := templates(t, "").Write("onboarding", "en", Onboarding{Firstname: "Ann", Extension: "1023", ResetHint: true})
	if err != nil {
		t.Fatal(err)
	}
	want := "Hello Ann,\n\nyour phone has been set up.\n\n  Internal number   1023\n\nTo choose your password, ask the telephony desk for a reset.\n\n" +
		"This mail was written by a program; questions go to your telephony desk.\n"
	if diff := cmp.Diff(want, letter.Text); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTheLanguageOfALetter(t *testing.T) {
	l := templates(t, "")
	for lang, want := range map[string]string{"fr_FR": "Bonjour", "fr_CA": "Bonjour", "fr": "Bonjour", "en_US": "Hello", "de_DE": "Hello", "": "Hello"} {
		letter, err := l.Write("onboarding", lang, Onboarding{Firstname: "X"})
		if err != nil || !strings.HasPrefix(letter.Text, want) {
			t.Errorf("%q: %q %v", lang, letter.Text, err)
		}
	}
	if _, err := l.Write("farewell", "fr", Onboarding{}); err == nil || !strings.Contains(err.Error(), "farewell.fr.txt") {
		t.Errorf("%v", err)
	}
}

func TestAPageShowsMarkupAsText(t *testing.T) {
	letter, err := templates(t, "").Write("onboarding", "en", Onboarding{Firstname: `<script>alert(1)</script>"`, Login: "</code><img src=x onerror=y>"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(letter.HTML, "<script") || strings.Contains(letter.HTML, "<img") {
		t.Errorf("%s", letter.HTML)
	}
	if !strings.Contains(letter.Text, "<script>alert(1)</script>") {
		t.Errorf("a text shows it as it is: %s", letter.Text)
	}
}

func TestTheOperatorsTemplatesStandInPlaceOfOurs(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "onboarding.fr.txt", "Subject: Bienvenue {{.Name}}\n\nPoste {{.Extension}}\n")
	put(t, dir, "vip.en.txt", "Subject: Welcome\n\nDear {{.Name}}\n")
	put(t, dir, "README", "not a template")
	l := templates(t, dir)
	letter, err := l.Write("onboarding", "fr_FR", Onboarding{Name: "Zoé", Extension: "1023"})
	if err != nil || letter.Subject != "Bienvenue Zoé" || letter.Text != "Poste 1023\n" || letter.HTML == "" {
		t.Errorf("%+v %v", letter, err)
	}
	if letter, err := l.Write("vip", "fr", Onboarding{Name: "Zoé"}); err != nil || letter.Text != "Dear Zoé\n" || letter.HTML != "" {
		t.Errorf("%+v %v", letter, err)
	}
	if !l.Has("vip") || l.Has("README") {
		t.Errorf("%v", l.Kinds())
	}
}

func TestAWrongTemplateIsFoundBeforeItIsNeeded(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "onboarding.en.txt", "Subject: x\n\n{{.Nmae}}\n")
	put(t, dir, "onboarding.fr.txt", "Bonjour\n")
	put(t, dir, "onboarding.de.html", "<p>\n{{if}}</p>")
	put(t, dir, "welcome.txt", "Subject: x\n")
	put(t, dir, "report.fr.html", "{{.Extension}}")
	_, err := Templates(dir)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"onboarding.en.txt:3", "Nmae", `onboarding.fr.txt:1: the first line is not "Subject: …"`, "onboarding.de.html:2",
		"welcome.txt: its name has no language", "report.fr.html:1",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if _, err := Templates(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("%v", err)
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
