package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/xivo/xivosim"
)

// listener keeps what is logged.
type listener struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *listener) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *listener) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestNoSecretIsTold maps a password, has it created, changed, refused and
// failed, and looks for it in everything that a run leaves.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	for _, direction := range []reconcile.Direction{reconcile.Initial, reconcile.ToXiVO} {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			secrets := []string{"S3cretOfA00", "S3cretOfA01", "S3cretOfA02", "N3wSecretOfA00", "N3wSecretOfA01", "By4nAdmin", "bad secret of x00", "bad-s3cret-\u00e9-of-y00", "S3cretOfZ00", "OtherOfA02"}
			people := crowd(3)
			for i := range people {
				people[i].Attributes["employeeNumber"] = []string{secrets[i]}
			}
			people = append(people, person("x00", "employeeNumber", secrets[6]), person("y00", "employeeNumber", secrets[7]))
			w := newWorld(t, people)
			w.Specs = append(w.Specs, field("password", "employeeNumber", direction))
			heard := &listener{}
			w.log = hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: heard})
			var said []string
			tell := func(report *reportOfRun, err error) {
				t.Helper()
				said = append(said, string(encode(t, report)), string(encode(t, report.Plan)), told(report.Found))
				for _, c := range report.Found {
					said = append(said, string(encode(t, c)), c.Message, c.Hint)
				}
				for _, f := range report.Failures {
					said = append(said, f.Error)
				}
				if err != nil {
					said = append(said, err.Error())
				}
			}
			said = append(said, string(encode(t, w.plan())))
			tell(w.run())
			w.wantUser("a00", "password", "S3cretOfA00")
			w.quiet()

			w.slapd.Modify(dn("a00"), "employeeNumber", "N3wSecretOfA00")
			w.slapd.Modify(dn("a01"), "employeeNumber", "N3wSecretOfA01")
			w.edit("a02", map[string]any{"password": "By4nAdmin"})
			w.slapd.Add(person("z00", "employeeNumber", "S3cretOfZ00"))
			a01 := w.user("a01")["uuid"].(string)
			w.sim.Inject(
				xivosim.Fault{Method: http.MethodPut, Path: users + "/" + a01, Nth: 1, Effect: xivosim.AnswerInstead, Status: 400,
					Body: `["Input Error - password: N3wSecretOfA01 is not wanted"]`},
				xivosim.Fault{Method: http.MethodPost, Path: users, Nth: 1, Effect: xivosim.AnswerInstead, Status: 500,
					Body: `["Unexpected error: (ProgrammingError) INSERT INTO userfeatures VALUES ('S3cretOfZ00')"]`})
			said = append(said, string(encode(t, w.plan())))
			tell(w.run())
			w.sim.ClearFaults()
			if direction == reconcile.ToXiVO {
				w.wantUser("a00", "password", "N3wSecretOfA00")
				w.wantUser("a02", "password", "S3cretOfA02") // drift is restored
				w.wantUser("a01", "password", "S3cretOfA01")
			} else {
				w.wantUser("a00", "password", "S3cretOfA00")
				w.wantUser("a02", "password", "By4nAdmin")
			}
			w.slapd.Modify(dn("a02"), "employeeNumber", "OtherOfA02")
			w.sim.Inject(xivosim.Fault{Method: http.MethodPut, Path: users + "/*", Nth: 1, Effect: xivosim.Ignore})
			tell(w.run())
			w.sim.ClearFaults()
			tell(w.run(func(o *optionsOfRun) { o.Mode = "audit" }))
			w.quiet()

			secrets = append(secrets, w.slapd.Password)
			everything := map[string]string{"the log": heard.String(), "a report": strings.Join(said, "\n"), "the journal": w.journal()}
			files, err := filepath.Glob(filepath.Dir(w.Path) + "/*")
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				everything["the file "+filepath.Base(file)] = string(b)
			}
			if !strings.Contains(everything["the log"], "POST /users") || len(files) == 0 {
				t.Errorf("nothing is logged, or nothing stored: %v", files)
			}
			for where, text := range everything {
				for _, secret := range secrets {
					for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
						if i := strings.Index(text, form); i >= 0 {
							t.Errorf("%s tells %q: …%q", where, secret, text[max(0, i-200):min(len(text), i+80)])
						}
					}
				}
			}
		})
	}
}

// journal is every change and conflict as the commands show them.
func (w *world) journal() string {
	w.t.Helper()
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var b strings.Builder
	for run, err := range db.Runs() {
		if err != nil {
			w.t.Fatal(err)
		}
		b.Write(encode(w.t, run))
		for c, err := range db.Changes(run.Number) {
			if err != nil {
				w.t.Fatal(err)
			}
			b.Write(encode(w.t, c))
		}
	}
	for c, err := range db.Conflicts() {
		if err != nil {
			w.t.Fatal(err)
		}
		b.Write(encode(w.t, c))
	}
	return b.String()
}

// TestSecretContested is a password that somebody sets again and again: it is
// recognised although only its digest is remembered.
func TestSecretContested(t *testing.T) {
	t.Parallel()
	people := crowd(1)
	people[0].Attributes["employeeNumber"] = []string{"FromLDAP"}
	w := newWorld(t, people)
	w.Specs = append(w.Specs, field("password", "employeeNumber", reconcile.ToXiVO))
	w.settle()
	for range 3 {
		w.edit("a00", map[string]any{"password": "Somebodys"})
		w.mustRun()
		w.wantUser("a00", "password", "FromLDAP")
	}
	w.edit("a00", map[string]any{"password": "Somebodys"})
	report := w.quietly("a contested value was restored once more")
	if c := find(t, report.Found, "a00", "password"); c.Kind != record.Contested {
		t.Errorf("kind %s: %s", c.Kind, c.Message)
	}
}

// TestSecretSurvivesACrash kills the run right after a password was sent: the
// intent on disk holds it sealed, and the run after knows what became of it.
func TestSecretSurvivesACrash(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"create": http.MethodPost, "update": http.MethodPut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := crowd(1)
			people[0].Attributes["employeeNumber"] = []string{"OldPassw0rd"}
			w := newWorld(t, people)
			w.Specs = append(w.Specs, field("password", "employeeNumber", reconcile.ToXiVO))
			if method == http.MethodPut {
				w.settle()
				w.slapd.Modify(dn("a00"), "employeeNumber", "NewPassw0rd")
			}
			w.killed(nil, afterFirst(method))
			b, err := os.ReadFile(w.Path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("Passw0rd")) {
				t.Error("the store tells the password")
			}
			report := w.mustRun()
			if report.Recovered.Done != 1 || len(report.Found) > 0 || len(report.Failures) > 0 {
				t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
			}
			w.quiet()
			w.slapd.Modify(dn("a00"), "employeeNumber", "LastPassw0rd")
			w.mustRun()
			w.wantUser("a00", "password", "LastPassw0rd")
			w.quiet()
		})
	}
}
