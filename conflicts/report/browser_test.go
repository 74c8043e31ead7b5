package report

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/reconcile/record"
)

// patience is how long a browser may take.
const patience = 90 * time.Second

// chromium runs a headless browser that can reach nothing but this machine, and
// returns what it prints.
func chromium(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test starts a browser: apt-get install --no-install-recommends chromium fonts-dejavu-core")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// Not t.TempDir: the browser's helpers may write there a moment longer.
	home, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	cmd := exec.CommandContext(ctx, path, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--user-data-dir=" + home}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium %v: %v\n%s", args, err, errs.String())
	}
	return out.String()
}

// hostile is a report in which every text is an attack.
func hostile() *Report {
	r := ofRun()
	r.Conflicts = nil
	for i, s := range []string{
		`<script>window.pwned=1;document.title="pwned"</script>`,
		`"><img src=x onerror="parent.pwned=1;document.title='pwned'">`,
		`</style></title></textarea><svg onload="window.pwned=1">`,
		`javascript:window.pwned=1`, `{{.Title}}{{template "x"}}`, `</bdi></mark></td></table></article><h1>forged</h1>`,
		"user\u202egpj.exe\u2066\u2069", strings.Repeat("x", 10<<10), strings.Repeat("wide ", 2<<10), "👩‍👩‍👧‍👦🏳️‍🌈", "\xff\xfe\x80invalid", "nul\x00bell\a\x1b[2J",
		strings.Repeat("W", 300) + "\u202e" + strings.Repeat("م", 300), "line\nbreak\r\n\ttab", " blanks ", strings.Repeat("e\u0301\u0323\u0330", 200), "&lt;b&gt; &amp; &#x202e;",
	} {
		who := record.Person{Name: s, DN: s, Identifier: s, Site: s}
		c := record.Conflict{Number: uint64(i + 1), Kind: record.ConflictKind(s), Person: who, Field: s, Message: s, Hint: s, Owner: s, Reopened: s,
			Raw: record.Pair{LDAP: record.Text(s), XiVO: record.Text("a" + s)}, Base: record.Pair{LDAP: record.Texts(s, s), XiVO: record.Text(s)},
			Decisions: []string{"ldap", "xivo", "VALUE", "ignore"}, State: record.Open, FirstRun: 1, LastRun: 2, Since: morning}
		if i%2 == 1 {
			c.Kind, c.Person.Site = record.ConflictField, ""
			c.Decision = &record.Decision{Take: record.DecideValue, Value: s, Who: s, Why: s, At: morning}
		}
		r.Conflicts = append(r.Conflicts, c)
		r.Changes = append(r.Changes, record.Change{Run: 41, Seq: uint64(i), Person: who, Entry: s, Side: record.XiVO, Op: record.Update, Thing: record.User, Reason: s, Error: s,
			Step: record.Failed, Fields: map[string]record.Delta{s: {Before: record.Text(s), After: record.Text(s + "!")}}})
		r.Run.Failures = append(r.Run.Failures, record.Failure{Person: who, Error: s})
	}
	r.Run.Who, r.Run.Trigger = r.Conflicts[0].Person.Name, r.Conflicts[1].Person.Name
	return r
}

// harness shows the report in frames of several widths, and tells what it finds
// in them. The pages themselves stay as they are.
const harness = `<!DOCTYPE html><title>harness</title><body><pre id="found"></pre><script>
const found = [];
let left = 0;
for (const page of %s) for (const width of [320, 768, 1280]) {
  left++;
  const frame = document.createElement("iframe");
  frame.style = "border:0;height:900px;width:" + width + "px";
  frame.src = page;
  frame.onload = () => {
    const doc = frame.contentDocument, root = doc.documentElement;
    let beyond = 0, where = "";
    for (const e of doc.body.querySelectorAll("*")) {
      const r = e.getBoundingClientRect();
      if (r.width > 1 && (r.right > root.clientWidth + 1 || r.left < -1)) { beyond++; where = e.tagName + "." + e.className; }
    }
    found.push([page, width, "client", root.clientWidth, "scroll", root.scrollWidth, "beyond", beyond, where,
      "title", doc.title, "pwned", String(window.pwned || frame.contentWindow.pwned), "forged", doc.querySelectorAll("h1").length,
      "active", doc.querySelectorAll("script,img,svg,iframe,object,embed,link,[onload],[onerror],[src]").length].join(" "));
    if (--left === 0) { document.getElementById("found").textContent = found.join("\n"); document.title = "measured"; }
  };
  document.body.append(frame);
}
</script>`

// serve gives the pages to the browser, and the harness around them.
func serve(t *testing.T, pages map[string]string) string {
	mux := http.NewServeMux()
	var names []string
	for name, text := range pages {
		names = append(names, fmt.Sprintf("%q", "/"+name))
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(text))
		})
	}
	mux.HandleFunc("/harness", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, harness, "["+strings.Join(names, ",")+"]")
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func render(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var policy = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>\n`)

// Nothing in a hostile report executes, with the page's own policy or without it,
// and nothing overflows on a phone or on a screen.
func TestHostileInBrowser(t *testing.T) {
	guarded := render(t, hostile())
	bare := policy.ReplaceAllString(guarded, "")
	if bare == guarded {
		t.Fatal("the page has no policy")
	}
	if strings.ContainsAny(guarded, "\u202e\u2066\x00\x1b\a") || strings.Contains(guarded, "\ufffd") {
		t.Error("something that cannot be seen is in the page")
	}
	// One page that does execute and overflow, so that the harness is seen to tell.
	broken := strings.Replace(bare, "<main>", `<main><script>document.title="pwned"</script><p style="width:2000px">x</p>`, 1)
	url := serve(t, map[string]string{"guarded": guarded, "bare": bare, "broken": broken})
	dom := chromium(t, "--dump-dom", "--virtual-time-budget=20000", url+"/harness")
	lines := regexp.MustCompile(`/\w+ \d+ client [^<\n]*`).FindAllString(dom, -1)
	if len(lines) != 9 {
		t.Fatalf("the harness measured %d frames of 9:\n%.3000s", len(lines), dom)
	}
	for _, line := range lines {
		var page, title string
		var width, client, scroll, beyond int
		if _, err := fmt.Sscanf(line, "/%s %d client %d scroll %d beyond %d", &page, &width, &client, &scroll, &beyond); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		title = line[strings.Index(line, "title "):]
		fine := client == width && scroll <= client && beyond == 0 && title == "title xivosync: run 41 pwned undefined forged 1 active 0"
		if fine == (page == "broken") {
			t.Errorf("measured: %s", line)
		}
	}
}

func TestPrintsToPDF(t *testing.T) {
	for name, r := range map[string]*Report{"hostile": hostile(), "estate": estate()} {
		file := filepath.Join(t.TempDir(), name+".pdf")
		url := serve(t, map[string]string{name: render(t, r)})
		chromium(t, "--no-pdf-header-footer", "--print-to-pdf="+file, url+"/"+name)
		pdf, err := os.ReadFile(file)
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("/Type /Page")) {
			t.Errorf("%s: %d bytes of PDF, %v", name, len(pdf), err)
		}
	}
}

// The screenshot of the README is made anew with -update; else it is only looked
// for, since fonts differ from one machine to another.
func TestScreenshot(t *testing.T) {
	file, err := filepath.Abs("../../docs/conflicts-report.png")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		url := serve(t, map[string]string{"estate": render(t, estate())})
		chromium(t, "--window-size=1000,1150", "--screenshot="+file, url+"/estate")
	}
	png, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) || len(png) > 200_000 {
		t.Errorf("%d bytes of PNG, %v; make it with go test ./conflicts/report -run Screenshot -update", len(png), err)
	}
}
