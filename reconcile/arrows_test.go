package reconcile_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what go list tells of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

const module = "xivosync/"

// packages lists the packages of the module and all that they reach, without
// their tests.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// floors are the parts of the house: each may import those of its list, itself
// and whatever is not of this module.
var floors = map[string][]string{
	"cmd":              {"cmd", "sources", "targets", "store", "conflicts", "reconcile", "testdata"},
	"sources":          {"reconcile"},
	"targets":          {"reconcile"},
	"store":            {"reconcile"},
	"conflicts":        {"reconcile"},
	"reconcile":        {},
	"reconcile/record": {},
	"testdata":         {},
	"packaging":        {},
}

// floorOf names the part of the house that a package belongs to.
func floorOf(path string) string {
	path = strings.TrimPrefix(path, module)
	if path == "reconcile/record" {
		return path
	}
	floor, _, _ := strings.Cut(path, "/")
	return floor
}

func TestEveryArrowPointsDown(t *testing.T) {
	for path, p := range packages(t) {
		if !strings.HasPrefix(path, module) {
			continue
		}
		floor := floorOf(path)
		below, known := floors[floor]
		if !known {
			t.Errorf("%s is in no part of the house", path)
		}
		for _, imported := range p.Imports {
			to := floorOf(imported)
			if !strings.HasPrefix(imported, module) || to == floor || to == "reconcile/record" {
				continue
			}
			if !slices.Contains(below, to) {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	}
}

func TestTheEngineReachesNoNetworkAndNoFile(t *testing.T) {
	all := packages(t)
	for _, reached := range all[module+"reconcile"].Deps {
		for _, banned := range []string{"go.etcd.io/bbolt", "github.com/go-ldap/", "net/http"} {
			if strings.HasPrefix(reached, banned) {
				t.Errorf("reconcile reaches %s", reached)
			}
		}
	}
	if deps := all[module+"reconcile"].Deps; len(deps) == 0 {
		t.Error("go list told nothing about reconcile")
	}
}

func TestTheNounsNeedNothingButTheStandardLibrary(t *testing.T) {
	all := packages(t)
	for _, reached := range all[module+"reconcile/record"].Deps {
		if !all[reached].Standard {
			t.Errorf("reconcile/record reaches %s", reached)
		}
	}
}
