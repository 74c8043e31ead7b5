package config

import (
	"os"
	"strings"
	"testing"
	"time"
)

// withExample is the example with more at its end.
func withExample(t *testing.T, more string) (*Config, error) {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	kept := strings.NewReplacer("[schedule]", "", "[serve]", "", "[metrics]", "").Replace(string(text))
	return Parse("test.toml", []byte(kept+more))
}

func TestTheScheduleIsChecked(t *testing.T) {
	for more, want := range map[string]string{
		"[schedule]\nfull = \"often\"":                                      "neither a duration such as 5m nor a cron expression",
		"[schedule]\nfull = 5":                                              `must be a duration such as "5m", or cron expression`,
		"[schedule]\nincremental = \"1s\"":                                  "at least 10s",
		"[schedule]\naudit = \"0 0 31 2 *\"":                                "never comes",
		"[schedule]\ntime_zone = \"Mars/Olympus\"":                          "Mars/Olympus",
		"[schedule]\njitter = \"5m\"":                                       "not less than the 5m0s between two runs of schedule.incremental",
		"[schedule]\nfulll = \"1h\"":                                        "did you mean full?",
		"[metrics]\nlisten = \"9817\"":                                      "no address such as",
		"[metrics]\ntextfile = \"/var/lib/node/xivosync\"":                  "does not end with .prom",
		"[serve]\nstop_within = \"0s\"":                                     "not between 1s and 1h",
		"[schedule]\ntime_zone = \"Europe/Paris\"\nfull = \"30 2 * * sun\"": "",
		"[schedule]\nincremental = \"\"\njitter = \"10m\"":                  "",
	} {
		_, err := withExample(t, more+"\n")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %q", more, err, want)
		}
	}
}

func TestTheScheduleChangesNoPlan(t *testing.T) {
	plain, err := withExample(t, "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := withExample(t, "[schedule]\nfull = \"0 3 * * *\"\ntime_zone = \"Europe/Paris\"\n[serve]\nsocket = \"/run/x.sock\"\n[metrics]\nlisten = \":9817\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if plain.fingerprint() != other.fingerprint() {
		t.Error("another fingerprint")
	}
	if at, err := other.Schedule.Location(); err != nil || at.String() != "Europe/Paris" {
		t.Errorf("%v, %v", at, err)
	}
	if at, err := plain.Schedule.Location(); err != nil || at != time.Local {
		t.Errorf("%v, %v", at, err)
	}
	if got := plain.ControlSocket() + " " + other.ControlSocket(); got != "/var/lib/xivosync/state.db.sock /run/x.sock" {
		t.Errorf("got %s", got)
	}
}
