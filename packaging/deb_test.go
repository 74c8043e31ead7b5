package packaging

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// TestTheDebianPackage installs the package on a clean Debian, runs what its unit
// runs, as its user, against a real slapd and the simulated XiVO, upgrades it and
// purges it.
func TestTheDebianPackage(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("a clean Debian is made and entered by root only: run this test as root")
	}
	first, second := build(t, "1.0.0"), build(t, "1.1.0")
	if again := build(t, "1.0.0"); sum(t, again) != sum(t, first) {
		t.Errorf("the same commit made two different packages: %s, %s", first, again)
	}
	root := debian(t)
	before := root.files(t)

	root.dpkg(t, "--install", first)
	root.verifyUnits(t)
	if out := root.run(t, "xivosync", "version"); !strings.Contains(out, "xivosync 1.0.0") {
		t.Errorf("version: %s", out)
	}
	root.rights(t)

	w := root.configure(t)
	root.asService(t, "xivosync-run.service", "--allow", "first-run")
	if n := len(w.sim.Users()); n != people {
		t.Errorf("%d users in XiVO", n)
	}
	root.serves(t)

	configured := root.read(t, "etc/xivosync/xivosync.toml")
	root.dpkg(t, "--install", second)
	if out := root.run(t, "xivosync", "version"); !strings.Contains(out, "xivosync 1.1.0") {
		t.Errorf("version after the upgrade: %s", out)
	}
	if diff := cmp.Diff(configured, root.read(t, "etc/xivosync/xivosync.toml")); diff != "" {
		t.Errorf("the upgrade changed the configuration (-before +after)\n%s", diff)
	}
	if out := root.run(t, "xivosync", "runs", "--json"); !strings.Contains(out, `"run": 1`) && !strings.Contains(out, `"run":1`) {
		t.Errorf("the upgrade lost the runs: %s", out)
	}

	root.dpkg(t, "--purge", "xivosync")
	if diff := cmp.Diff(before, root.files(t)); diff != "" {
		t.Errorf("the purge left or took something (-before +after)\n%s", diff)
	}
	if accounts := root.read(t, "etc/passwd") + root.read(t, "etc/group"); strings.Contains(accounts, "xivosync") {
		t.Error("the purge left the account")
	}
}

const people = 3

// build makes the package of this checkout.
func build(t *testing.T, version string) string {
	t.Helper()
	out, err := exec.Command("deb/build.sh", version, t.TempDir()).CombinedOutput()
	if err != nil {
		t.Fatalf("make the package: %v\n%s", err, out)
	}
	lines := strings.Fields(string(out))
	return lines[len(lines)-1]
}

func sum(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// clean is a Debian in a folder.
type clean struct{ dir string }

// debian copies a minimal Debian, which is made once and kept.
func debian(t *testing.T) *clean {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	kept := filepath.Join(cache, "xivosync", "debian-bookworm-2")
	if _, err := os.Stat(kept); err != nil {
		fresh := kept + ".new"
		_ = os.RemoveAll(fresh)
		if err := os.MkdirAll(fresh, 0o755); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("debootstrap", "--variant=minbase", "--include=adduser,systemd,procps", "bookworm", fresh).CombinedOutput()
		if err != nil {
			t.Fatalf("make a clean Debian: %v (apt-get install debootstrap)\n%s", err, tail(out))
		}
		if err := os.Rename(fresh, kept); err != nil {
			t.Fatal(err)
		}
	}
	c := &clean{filepath.Join(t.TempDir(), "root")}
	if out, err := exec.Command("cp", "-a", kept, c.dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the clean Debian: %v\n%s", err, tail(out))
	}
	return c
}

func tail(out []byte) []byte { return out[max(0, len(out)-2000):] }

// run carries out a command as root inside.
func (c *clean) run(t *testing.T, command ...string) string {
	t.Helper()
	cmd := exec.Command("chroot", append([]string{c.dir}, command...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
	return string(out)
}

func (c *clean) path(name string) string { return filepath.Join(c.dir, name) }

func (c *clean) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(c.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (c *clean) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// dpkg installs the package from outside, or purges it.
func (c *clean) dpkg(t *testing.T, action, what string) {
	t.Helper()
	if action == "--install" {
		text, err := os.ReadFile(what)
		if err != nil {
			t.Fatal(err)
		}
		what = "/tmp/" + filepath.Base(what)
		c.write(t, what, string(text), 0o644)
		defer func() { _ = os.Remove(c.path(what)) }()
	}
	c.run(t, "dpkg", action, what)
}

// files lists everything but what dpkg and adduser keep for themselves.
func (c *clean) files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(c.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, c.dir+"/")
		own := func(folder string) bool { return strings.HasPrefix(name, folder) }
		if !own("var/lib/dpkg/") && !own("var/log/") && !own("proc/") && !own("run/") && !(own("etc/") && strings.HasSuffix(name, "-")) {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rights checks who may read what the package put there.
func (c *clean) rights(t *testing.T) {
	t.Helper()
	want := "640 root:xivosync /etc/xivosync/xivosync.toml\n750 xivosync:xivosync /var/lib/xivosync\n755 root:root /usr/bin/xivosync\n"
	got := c.run(t, "stat", "-c", "%a %U:%G %n", "/etc/xivosync/xivosync.toml", "/var/lib/xivosync", "/usr/bin/xivosync")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, there := range []string{"usr/share/man/man1/xivosync-run.1.gz", "usr/share/bash-completion/completions/xivosync", "usr/share/doc/xivosync/examples/xivosync.example.toml"} {
		if _, err := os.Stat(c.path(there)); err != nil {
			t.Error(err)
		}
	}
}

// verifyUnits lets systemd read the units as installed.
func (c *clean) verifyUnits(t *testing.T) {
	t.Helper()
	units, err := filepath.Glob(c.path("lib/systemd/system/xivosync*"))
	if err != nil || len(units) != 3 {
		t.Fatalf("units: %v, %v", units, err)
	}
	for _, unit := range units {
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", "--root="+c.dir, filepath.Base(unit)).CombinedOutput()
		if err != nil || strings.Contains(string(out), "xivosync") {
			t.Errorf("%s: %v\n%s", filepath.Base(unit), err, out)
		}
	}
}

// world is what the installed program works with.
type world struct{ sim *xivosim.Sim }

// configure writes the configuration and lays out the credentials as systemd does.
func (c *clean) configure(t *testing.T) *world {
	t.Helper()
	var who []ldaptest.Person
	for i := range people {
		who = append(who, ldaptest.Plain(fmt.Sprintf("person%d", i), "givenName", "Ann", "mail", fmt.Sprintf("ann%d@example.org", i)))
	}
	slapd := ldaptest.Slapd(t, ldaptest.Options{People: who})
	sim := xivosim.New(xivosim.Options{})
	srv, err := sim.Listen(xivosim.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	c.write(t, "etc/xivosync/xivosync.toml", fmt.Sprintf(configuration, slapd.URL, slapd.BindDN, ldaptest.PeopleDN, srv.URL, srv.AuthURL), 0o640)
	c.run(t, "install", "-d", "-o", "xivosync", "-m", "0500", credentials)
	c.write(t, filepath.Join(credentials, "ldap"), slapd.Password, 0o400)
	c.write(t, filepath.Join(credentials, "xivo"), "secret", 0o400)
	c.run(t, "chown", "-R", "xivosync", credentials)
	return &world{sim}
}

const credentials = "/run/credentials/xivosync.service"

const configuration = `[ldap]
url = %q
bind_dn = %q
password = "cred:ldap"
base = %q
filter = "(uid=*)"

[xivo]
url = %q
auth_url = %q
username = "xivosync"
password = "cred:xivo"

[identifier]
ldap = "uid"
xivo = "userfield"

[numbering]
region = "FR"

[fields.firstname]
ldap = "givenName"

[fields.lastname]
ldap = "sn"

[fields.email]
ldap = "mail"

[fields.outgoing_caller_id]
direction = "none"
`

// service is the ExecStart of a unit, as its user and with what systemd gives it.
func (c *clean) service(t *testing.T, unit string, more ...string) *exec.Cmd {
	t.Helper()
	var start string
	for line := range strings.Lines(c.read(t, "lib/systemd/system/"+unit)) {
		if rest, is := strings.CutPrefix(line, "ExecStart="); is {
			start = strings.TrimSpace(rest)
		}
	}
	args := slices.Concat([]string{"--userspec=xivosync:xivosync", c.dir}, strings.Fields(start), more)
	cmd := exec.Command("chroot", args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "CREDENTIALS_DIRECTORY=" + credentials, "STATE_DIRECTORY=/var/lib/xivosync", "NOTIFY_SOCKET=" + notifySocket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (c *clean) asService(t *testing.T, unit string, more ...string) {
	t.Helper()
	if out, err := c.service(t, unit, more...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", unit, err, out)
	}
}

// notifySocket is where the service tells that it is ready.
const notifySocket = "/run/notify"

// serves starts the service, waits until it says that it is ready, and stops it.
func (c *clean) serves(t *testing.T) {
	t.Helper()
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: c.path(notifySocket), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := os.Chmod(c.path(notifySocket), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := c.service(t, "xivosync.service")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := waitReady(socket)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil || !ready {
		t.Errorf("the service: ready %v, %v\n%s", ready, err, said.String())
	}
}

func waitReady(socket *net.UnixConn) bool {
	_ = socket.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 4096)
	for {
		n, err := socket.Read(buf)
		if err != nil {
			return false
		}
		if strings.Contains(string(buf[:n]), "READY=1") {
			return true
		}
	}
}
