package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

const (
	seldom  = "[schedule]\nincremental = \"\"\nfull = \"1h\"\naudit = \"\"\n"
	hardly  = "[schedule]\nincremental = \"\"\nfull = \"0 0 1 1 *\"\naudit = \"\"\n"
	through = "[guard]\ncreates = { count = 1000 }\nupdates = { count = 1000 }\n"
)

func TestServeMakesRunsAndAnswersCommandsMeanwhile(t *testing.T) {
	t.Parallel()
	s := newStation(t, 4, seldom+through)
	s.run(0, "run", "--allow", "first-run")
	s.slapd.Modify(dnOf(0), "sn", "Changed")
	s.configure(hardly + through)
	s.serve()

	// Every command finds the service by itself.
	out, _ := s.run(0, "plan")
	if !strings.Contains(out, `"Changed"`) {
		t.Errorf("plan: %s", out)
	}
	s.run(10, "plan", "--exit-code")
	s.run(0, "plan", "-o", "plan.json")
	if _, err := os.Stat(filepath.Join(s.dir, "plan.json")); err != nil {
		t.Error(err)
	}
	s.run(0, "run", "--plan", "plan.json")
	if got := s.user(uid(0))["lastname"]; got != "Changed" {
		t.Errorf("the lastname is %v", got)
	}
	if runs := s.runs(); len(runs) != 2 || runs[0].Trigger != "manual" {
		t.Errorf("runs: %+v", runs)
	}
	out, _ = s.run(0, "why", uid(0))
	if !strings.Contains(out, "Changed") {
		t.Errorf("why: %s", out)
	}
	s.run(0, "conflicts", "list", "--json")
	s.run(0, "state", "info")
	s.run(0, "state", "backup", "copy.db")
	if _, err := os.Stat(filepath.Join(s.dir, "copy.db")); err != nil {
		t.Error(err)
	}
	out, _ = s.run(0, "runs", "stop")
	if !strings.Contains(out, "No run is going") {
		t.Errorf("runs stop: %s", out)
	}
	if _, err := s.run(1, "run", "--plan", "none.json"); !strings.Contains(err, "none.json: no such file") {
		t.Errorf("said %s", err)
	}
	s.run(2, "runs", "one")

	// What a run did is taken back, and held, without stopping the service.
	before := s.user(uid(0))["lastname"]
	s.run(0, "rollback", "2", "--dry-run")
	s.run(0, "rollback", "2", "-o", "back.json")
	s.run(0, "rollback", "--plan", "back.json")
	if after := s.user(uid(0))["lastname"]; after == before {
		t.Errorf("the lastname is still %v", after)
	}
	if out, _ := s.run(0, "holds", "list"); !strings.Contains(out, "lastname") {
		t.Errorf("holds: %s", out)
	}
	s.run(0, "hold", uid(1), "--why", "a test")
	s.run(0, "holds", "release", "--run", "3")
	s.run(0, "run")
	if again := s.user(uid(0))["lastname"]; again != before {
		t.Errorf("after the release the lastname is %v", again)
	}

	if out, _ := s.run(0, "check"); !strings.Contains(out, "a service holds it and answers") {
		t.Errorf("check: %s", out)
	}

	// A second service is refused, and told who has the store.
	if _, err := s.run(5, "serve"); !strings.Contains(err, "in use by") {
		t.Errorf("a second service: %s", err)
	}
	if log := s.service.log.String(); strings.Contains(log, "a test") || !strings.Contains(log, `command="xivosync hold"`) {
		t.Error("the log tells what a command was given, or not which one it was")
	}
	if info, err := os.Stat(filepath.Join(s.dir, "state.db.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v", info, err)
	}
	if code := s.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "state.db.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	s.run(0, "runs")
}

func TestServeBeginsWithWhatIsOwed(t *testing.T) {
	t.Parallel()
	s := newStation(t, 2, seldom+through)
	s.serve()
	run := s.newest(1)
	if run.Trigger != "service" || run.Mode != record.Full || run.Outcome != record.OutcomeGuarded {
		t.Errorf("got %+v", run)
	}
	s.says("PAUSED")
	s.says("first-run")
}

func TestAGuardPausesTheServiceUntilSomebodyAllows(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, "[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n")
	s.serve()
	s.says("PAUSED")
	s.run(0, "plan")
	if runs := s.runs(); len(runs) != 1 {
		t.Errorf("%d runs", len(runs))
	}
	out, _ := s.run(0, "run", "--allow", "first-run")
	if !strings.Contains(out, "3 created") {
		t.Errorf("got %s", out)
	}
	s.says("RESUMED")
	s.slapd.Modify(dnOf(1), "sn", "Later")
	s.until("the change travels by itself", func() bool { return s.user(uid(1))["lastname"] == "Later" })
	if strings.Count(s.service.log.String(), "PAUSED") != 1 {
		t.Error("it is told again")
	}
	s.stop(syscall.SIGTERM)
}

func TestAPausedServiceGoesOnWhenTheCauseIsGone(t *testing.T) {
	t.Parallel()
	often := "[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n"
	s := newStation(t, 4, seldom+through)
	s.run(0, "run", "--allow", "first-run")
	s.configure(often + "[guard]\nupdates = { count = 0, share = 0.0 }\n")
	s.serve()
	s.slapd.Modify(dnOf(2), "sn", "Guarded")
	s.says("PAUSED")
	runs := len(s.runs())
	s.configure(often + "[guard]\nupdates = { count = 100, share = 0.0 }\n")
	s.signal(syscall.SIGHUP)
	s.says("loaded anew")
	s.says("RESUMED")
	s.until("the change travels", func() bool { return s.user(uid(2))["lastname"] == "Guarded" })
	if made := len(s.runs()); made != runs+1 {
		t.Errorf("%d runs before, %d after: plans are no runs", runs, made)
	}
	s.stop(syscall.SIGTERM)
}

// TestDisabledPeopleDoNotWaitForAPausedService: a guard that concerns others does
// not keep a leaver's phone on.
func TestDisabledPeopleDoNotWaitForAPausedService(t *testing.T) {
	t.Parallel()
	s := newStation(t, 4, seldom+through)
	s.run(0, "run", "--allow", "first-run")
	s.configure("[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n[guard]\nupdates = { count = 0, share = 0.0 }\n")
	s.slapd.Modify(dnOf(2), "sn", "Guarded")
	s.serve()
	s.says("PAUSED")
	s.slapd.Modify(dnOf(3), "employeeType", "disabled")
	s.until("the user is deactivated", func() bool { return s.user(uid(3))["enabled"] == false })
	if s.user(uid(2))["lastname"] == "Guarded" {
		t.Error("what the guard stops was carried out")
	}
	s.stop(syscall.SIGTERM)
}

// TestWhatWaitedIsCarriedOutByTheConfigurationOfItsTurn: a run waits for another
// one, and the configuration is loaded anew meanwhile, with a guard that stops it.
func TestWhatWaitedIsCarriedOutByTheConfigurationOfItsTurn(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, hardly+through)
	s.run(0, "run", "--allow", "first-run")
	s.serve()
	reached, let := s.halt(1, http.MethodGet, "/1.1/")
	first, second := s.command("plan"), s.command("run")
	waits := &lockedBuffer{}
	second.Stderr = waits
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	s.slapd.Modify(dnOf(1), "sn", "Guarded")
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	s.until("the run waits", func() bool { return strings.Contains(waits.String(), "Waiting for another command") })
	s.configure(hardly + "[guard]\nupdates = { count = 0, share = 0.0 }\n")
	s.signal(syscall.SIGHUP)
	s.says("loaded anew")
	close(let)
	if code := codeOf(t, first.Wait()); code != 0 {
		t.Errorf("the plan ended with %d", code)
	}
	if code := codeOf(t, second.Wait()); code != 3 {
		t.Errorf("the run ended with %d: %s", code, waits)
	}
	if s.user(uid(1))["lastname"] == "Guarded" {
		t.Error("what the guard stops was carried out")
	}
	s.stop(syscall.SIGTERM)
}

// TestACommandIsNotCarriedOutInAnotherStore: two configurations name one socket.
func TestACommandIsNotCarriedOutInAnotherStore(t *testing.T) {
	t.Parallel()
	a, b := newStation(t, 2, hardly+through), newStation(t, 2, hardly+through)
	socket := filepath.Join(a.dir, "both.sock")
	for _, s := range []*station{a, b} {
		s.run(0, "run", "--allow", "first-run")
		s.configure(hardly + through + "[serve]\nsocket = \"" + socket + "\"\n")
	}
	a.serve()
	if _, err := b.run(2, "run"); !strings.Contains(err, "holds the store "+filepath.Join(a.dir, "state.db")) {
		t.Errorf("a run of the other store: %s", err)
	}
	if _, err := b.run(1, "serve"); !strings.Contains(err, "another service answers there") {
		t.Errorf("a second service: %s", err)
	}
	a.run(0, "run")
	if n := len(a.runs()); n != 2 {
		t.Errorf("%d runs", n)
	}
	a.stop(syscall.SIGTERM)
	if n := len(b.runs()); n != 1 {
		t.Errorf("%d runs in the other store", n)
	}
}

// TestAPauseOutlivesTheService: the service is stopped, or killed, while it is
// paused. Started anew it makes plans only, says so wherever it tells how it does,
// and goes on when somebody allows it.
func TestAPauseOutlivesTheService(t *testing.T) {
	t.Parallel()
	often := "[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n"
	s := newStation(t, 4, seldom+through)
	s.run(0, "run", "--allow", "first-run")
	s.configure(often + "[guard]\nupdates = { count = 0, share = 0.0 }\n")
	s.slapd.Modify(dnOf(2), "sn", "Guarded")
	s.serve()
	s.says("PAUSED")
	runs := s.runs()
	s.stop(syscall.SIGTERM)
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		s.sim.ResetLog()
		s.serve()
		s.says("PAUSED")
		s.until("a plan was made", func() bool {
			h := s.health()
			if h.Status != healthPaused || h.Paused.Run != runs[0].Number || strings.Join(h.Paused.Guards, " ") != "updates" {
				t.Fatalf("health: %+v", h)
			}
			return h.Running == "" && s.sim.Counts().Reads > 0
		})
		if _, body := s.fetch("/metrics"); !strings.Contains(body, "\nxivosync_paused 1\n") {
			t.Error("the metrics do not tell of the pause")
		}
		if out, _ := s.run(0, "runs"); !strings.Contains(out, fmt.Sprintf("guard updates stopped run %d", runs[0].Number)) || !strings.Contains(out, "PAUSED since "+moment(*runs[0].Finished)) {
			t.Errorf("runs: %s", out)
		}
		if now := s.runs(); len(now) != len(runs) {
			t.Errorf("%d runs, there were %d: only plans are made", len(now), len(runs))
		}
		s.stop(end)
	}
	if s.user(uid(2))["lastname"] == "Guarded" {
		t.Error("what the guard stops was carried out")
	}
	s.serve()
	s.run(0, "run", "--allow", "updates")
	s.says("RESUMED")
	if h := s.health(); h.Status != healthOK {
		t.Errorf("health: %+v", h)
	}
	s.stop(syscall.SIGTERM)
	s.serve()
	if h := s.health(); h.Status != healthOK {
		t.Errorf("health after the restart: %+v", h)
	}
	if out, _ := s.run(0, "runs"); strings.Contains(out, "PAUSED") {
		t.Errorf("runs: %s", out)
	}
	s.stop(syscall.SIGTERM)
}

func TestSIGTERMFinishesTheChangeAtHand(t *testing.T) {
	t.Parallel()
	s := newStation(t, 6, hardly+through)
	s.serve()
	reached, let := s.halt(2, http.MethodPost, "/1.1/users")
	client := s.command("run", "--allow", "first-run")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	s.signal(syscall.SIGTERM)
	s.says("stopping")
	close(let)
	if code := codeOf(t, client.Wait()); code != 1 {
		t.Errorf("the command ended with %d", code)
	}
	if code := codeOf(t, <-s.service.ended); code != 0 {
		t.Errorf("the service ended with %d", code)
	}
	run := s.runs()[0]
	if run.Outcome != record.OutcomeStopped || run.Counts.Created != 2 {
		t.Errorf("got %+v", run)
	}
	out, _ := s.run(0, "run", "--allow", "first-run")
	if !strings.Contains(out, "4 created") || strings.Contains(out, "recovered") {
		t.Errorf("the next run: %s", out)
	}
}

func TestASecondSIGTERMEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, hardly+through)
	s.serve()
	reached, let := s.halt(1, http.MethodPost, "/1.1/users")
	client := s.command("run", "--allow", "first-run")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	s.signal(syscall.SIGTERM)
	s.says("stopping")
	if code := s.stop(syscall.SIGTERM); code == 0 {
		t.Error("it ended well")
	}
	if code := codeOf(t, client.Wait()); code != 1 {
		t.Errorf("the command ended with %d", code)
	}
	close(let)
	s.sim.OnRequest(nil, nil)
	s.run(0, "run", "--allow", "first-run")
	if runs := s.runs(); runs[0].Outcome != record.OutcomeDone || len(s.sim.Users()) != 3 {
		t.Errorf("got %+v, %d users", runs[0], len(s.sim.Users()))
	}
}

func TestRunsStopAndWhoWaits(t *testing.T) {
	t.Parallel()
	s := newStation(t, 5, hardly+through)
	s.serve()
	reached, let := s.halt(1, http.MethodPost, "/1.1/users")
	first := s.command("run", "--allow", "first-run")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	second := s.command("run", "--allow", "first-run")
	said := &lockedBuffer{}
	second.Stderr = said
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	s.until("the second one is told to wait", func() bool { return strings.Contains(said.String(), "Waiting for another command") })
	_, told := s.run(0, "run", "--allow", "first-run")
	if !strings.Contains(told, "made once, for both") {
		t.Errorf("the third one was told %q", told)
	}
	if out, _ := s.run(0, "runs"); !strings.Contains(out, "manual") { // looking needs no turn
		t.Errorf("runs: %s", out)
	}
	s.run(0, "runs", "stop")
	close(let)
	if code := codeOf(t, first.Wait()); code != 1 {
		t.Errorf("the first one ended with %d", code)
	}
	if code := codeOf(t, second.Wait()); code != 0 {
		t.Errorf("the second one ended with %d", code)
	}
	runs := s.runs()
	if len(runs) != 2 || runs[1].Outcome != record.OutcomeStopped || runs[0].Outcome != record.OutcomeDone {
		t.Errorf("got %+v", runs)
	}
	if runs[1].Counts.Created != 1 || !strings.Contains(runs[1].Error, "stopped by") {
		t.Errorf("the one that was stopped: %+v", runs[1])
	}
	s.stop(syscall.SIGTERM)
}

func TestSIGHUPTakesOnlyWhatIsRight(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, hardly+through)
	s.serve()
	s.run(0, "run", "--allow", "first-run")
	s.configure("[schedule]\nfull = \"often\"\nincrementall = \"5m\"\n")
	s.signal(syscall.SIGHUP)
	s.says("NOT loaded anew")
	for _, want := range []string{"schedule.full", "did you mean incremental?"} {
		if !strings.Contains(s.service.log.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	s.configure(hardly + through + "[fields.mobile_phone_number]\nldap = \"mobile\"\n")
	if _, warned := s.run(2, "plan", "--nonsense"); strings.Contains(warned, "systemctl reload") {
		t.Error("a wrong command line reached the service")
	}
	if _, warned := s.run(0, "plan"); !strings.Contains(warned, "systemctl reload") {
		t.Errorf("nobody says that the service works with the old configuration: %s", warned)
	}
	s.signal(syscall.SIGHUP)
	s.says("was loaded anew")
	if _, warned := s.run(0, "plan"); strings.Contains(warned, "systemctl reload") {
		t.Errorf("said %s", warned)
	}
	s.configure("[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n" + through)
	s.slapd.Modify(dnOf(1), "sn", "Scheduled")
	s.signal(syscall.SIGHUP)
	s.until("the new schedule makes a run", func() bool { return s.user(uid(1))["lastname"] == "Scheduled" })
	s.stop(syscall.SIGTERM)
}

func TestASideIsDownAndBack(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, "[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n"+through)
	s.run(0, "run", "--allow", "first-run")
	s.sim.Inject(xivosim.Fault{Effect: xivosim.AnswerInstead, Status: 503, Body: "down"}, xivosim.Fault{Path: "/0.1/**", Effect: xivosim.AnswerInstead, Status: 503, Body: "down"})
	s.serve()
	s.says("XiVO is DOWN")
	s.run(1, "run")
	s.sim.ClearFaults()
	s.slapd.Modify(dnOf(1), "sn", "Back")
	s.run(0, "run") // whoever asks does not wait for the next try
	s.says("XiVO is BACK")
	if got := s.user(uid(1))["lastname"]; got != "Back" {
		t.Errorf("the lastname is %v", got)
	}
	log := s.service.log.String()
	if strings.Count(log, "is DOWN") != 1 || strings.Count(log, "is BACK") != 1 {
		t.Error("it is not told once")
	}
	s.stop(syscall.SIGTERM)
}

func TestACommandThatGoesAwayIsStopped(t *testing.T) {
	t.Parallel()
	s := newStation(t, 5, hardly+through)
	s.serve()
	reached, let := s.halt(1, http.MethodPost, "/1.1/users")
	client := s.command("run", "--allow", "first-run")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := client.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = client.Wait()
	time.AfterFunc(100*time.Millisecond, func() { close(let) })
	run := s.newest(1)
	if run.Outcome != record.OutcomeStopped || run.Counts.Created == 5 {
		t.Errorf("got %+v", run)
	}
	s.stop(syscall.SIGTERM)
}

func TestServeMakesIncrementalRuns(t *testing.T) {
	t.Parallel()
	s := newStation(t, 4, seldom+through)
	s.run(0, "run", "--allow", "first-run")
	s.configure("[schedule]\nincremental = \"10s\"\nfull = \"1h\"\naudit = \"\"\n" + through)
	s.serve()
	s.slapd.Modify(dnOf(1), "sn", "Followed")
	s.until("the change travels", func() bool { return s.user(uid(1))["lastname"] == "Followed" })
	s.slapd.Modify(dnOf(2), "sn", "Followed, too") // now there is a position to go on from
	s.until("the change travels", func() bool { return s.user(uid(2))["lastname"] == "Followed, too" })
	s.says("run ended", 2)
	runs := s.runs()
	if runs[0].Trigger != "service" || runs[0].Mode != record.Incremental || runs[0].Outcome != record.OutcomeDone {
		t.Errorf("got %+v", runs[0])
	}
	s.stop(syscall.SIGTERM)
}
