package main

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/mail/mailtest"
	"xivosync/targets/xivo/xivosim"
)

// house is the machine on which a page is read: the files of this one, of which
// nothing that is written to /etc, /usr, /var and /run is kept, and a network of
// its own, in which the servers have the names and ports that the pages show.
type house struct {
	t *testing.T
	// scratch is a folder in memory; home is where the reader stands at first.
	scratch, home string
	// repository is what the reader clones.
	repository string
	// trusted are the authorities of the machine.
	trusted []byte

	admin *ldaptest.Admin
	sim   *xivosim.Sim
}

// Where the servers are. XiVO has an address of its own, so that a simulated one
// can have those of the pages.
const (
	hosts = `127.0.0.1 localhost ldap.example.org dc1.example.org dc2.example.org
127.0.0.2 xivo.example.org
127.0.0.3 smtp.example.org
`
	xivoAddress     = "127.0.0.2"
	relayAddress    = "127.0.0.3:587"
	contactsAddress = "192.0.2.5"
	xivoBehind      = "192.0.2.10"
)

// newHouse changes the namespaces of this process, which has to have its own.
func newHouse(t *testing.T) *house {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, scratch: t.TempDir()}
	h.mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	h.mount("tmpfs", h.scratch, "tmpfs", 0, "")
	t.Cleanup(func() { _ = syscall.Unmount(h.scratch, syscall.MNT_DETACH) })
	for _, dir := range []string{"etc", "usr", "var"} {
		upper, work := h.folder("upper/"+dir), h.folder("work/"+dir)
		h.mount("overlay", "/"+dir, "overlay", 0, fmt.Sprintf("lowerdir=/%s,upperdir=%s,workdir=%s", dir, upper, work))
		t.Cleanup(func() { _ = syscall.Unmount("/"+dir, syscall.MNT_DETACH) })
	}
	h.mount("tmpfs", "/run", "tmpfs", 0, "")
	t.Cleanup(func() { _ = syscall.Unmount("/run", syscall.MNT_DETACH) })
	h.home = h.folder("home")
	h.must("sh", "-c", "ip link set lo up; ip addr add $0/32 dev lo; ip addr add $1/32 dev lo", contactsAddress, xivoBehind)
	h.write("/etc/hosts", hosts)
	h.repository = h.copyOf(repository)
	for _, dir := range []string{"/etc/xivosync", "/var/lib/xivosync", "/var/backups", "/run/slapd"} {
		h.must("mkdir", "-p", dir)
	}
	for _, dir := range []string{h.home, "/etc/xivosync"} {
		h.write(filepath.Join(dir, "ldap.secret"), ldaptest.Password)
		h.write(filepath.Join(dir, "xivo.secret"), "secret")
	}
	h.write(filepath.Join(h.home, "people.ldif"), h.testdata("people.ldif"))
	return h
}

// installed does what the package does, and what an administrator did with it: the
// program has its place, the service its user, and that user the folders.
func (h *house) installed() {
	h.t.Helper()
	h.must("adduser", "--quiet", "--system", "--group", "--no-create-home", "--home", "/var/lib/xivosync", "xivosync")
	if _, err := os.Stat("/etc/xivosync/xivosync.toml"); err != nil { // to begin with
		h.must("cp", filepath.Join(h.repository, "packaging/xivosync.example.toml"), "/etc/xivosync/xivosync.toml")
	}
	h.must("sh", "-c", "cp $(command -v xivosync) /usr/bin/xivosync && chown -R xivosync: /var/lib/xivosync /etc/xivosync && chmod 750 /var/lib/xivosync /etc/xivosync")
}

func (h *house) mount(what, where, kind string, flags uintptr, options string) {
	h.t.Helper()
	if err := syscall.Mount(what, where, kind, flags, options); err != nil {
		h.t.Fatalf("mount %s %s at %s: %v (a container needs to be privileged for it)", kind, options, where, err)
	}
}

func (h *house) folder(name string) string {
	h.t.Helper()
	path := filepath.Join(h.scratch, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *house) write(path, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) must(program string, args ...string) {
	h.t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s %v: %v: %s", program, args, err, out)
	}
}

// copyOf makes a repository of what is in the checkout now, committed or not.
func (h *house) copyOf(checkout string) string {
	h.t.Helper()
	to := h.folder("repository")
	h.must("sh", "-c", `cd "$0" && cp -a .gitignore .ci * "$1" && cd "$1" && rm -rf bin dist && git init -q && git add . &&
git -c user.name=x -c user.email=x@example.org commit -q -m "the checkout"`, checkout, to)
	return to
}

// openLDAP starts a slapd as Debian sets one up: the administrator of the machine
// may configure it, and the database has the number that the pages show.
func (h *house) openLDAP() {
	h.t.Helper()
	s := ldaptest.Slapd(h.t, ldaptest.Options{
		Suffix: "dc=example,dc=org", Tree: h.testdata("people.ldif"), Names: []string{"ldap.example.org"},
		Listen: []string{"ldaps://ldap.example.org:636/", "ldapi:///"},
	})
	s.Configure("olcAccess", `to attrs=userPassword by anonymous auth by * none`, `to * by dn.exact="cn=xivosync,ou=services,dc=example,dc=org" write by * none`)
	h.admin = s.Admin
	h.trust(s.CA)
}

// activeDirectory starts a domain controller, with the rights that the page about
// accounts gives.
func (h *house) activeDirectory() {
	h.t.Helper()
	dc := ldaptest.Samba(h.t, ldaptest.SambaOptions{Realm: "example.org", Here: true, Names: []string{"dc1.example.org", "dc2.example.org"}})
	dc.Account("xivosync")
	for _, line := range delegations(h.t) {
		delegate(h.t, dc, line)
	}
	for name, number := range map[string]string{"ann": "1001", "bob": "1002", "zoe": "1003"} {
		dc.Hire(name, "ipPhone", number)
	}
	h.admin = dc.Admin
	der, _ := pem.Decode(dc.CA)
	h.write(filepath.Join(h.home, "ad-ca.cer"), string(der.Bytes))
}

// trust makes an authority one of the machine's own.
func (h *house) trust(ca []byte) {
	h.t.Helper()
	h.trusted = append(h.trusted, ca...)
	h.write("/etc/ssl/certs/ca-certificates.crt", string(h.trusted))
}

// post starts a mail relay, which asks the mails to these addresses to come again.
func (h *house) post(later ...string) {
	h.t.Helper()
	relay := mailtest.Start(h.t, mailtest.Options{Name: "smtp.example.org", Address: relayAddress})
	for _, address := range later {
		relay.Fail(mailtest.Fault{Code: 451, OnlyFor: address})
	}
	h.trust(relay.CA)
	h.write("/etc/xivosync/mail.secret", mailtest.Password)
}

// xivo starts the simulated XiVO with a certificate of its own.
func (h *house) xivo() {
	h.t.Helper()
	ca := ldaptest.NewAuthority(h.t)
	cert, key := ca.Issue("xivo.example.org")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		h.t.Fatal(err)
	}
	h.write("/usr/share/xivo-certs/server.crt", string(cert))
	h.write("/etc/xivosync/xivo-ca.pem", string(ca.PEM))
	h.sim = xivosim.New(xivosim.Options{})
	h.sim.PutContext(xivosim.Context{Name: "from-extern", Type: "incall", Enabled: true, Incalls: []xivosim.Range{{Start: "0472101000", End: "0472101099"}}})
	server, err := h.sim.Listen(xivosim.Addresses{Confd: xivoAddress + ":9486", Auth: xivoAddress + ":9497", Web: xivoAddress + ":443",
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = server.Close() })
}

func (h *house) testdata(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/docs", name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// environment is that of the reader's shell. Without the paths of the checkout, what
// is built was built before. What cannot run here is found first,
// in testdata/docs/bin.
func (h *house) environment() []string {
	h.t.Helper()
	stand, err := filepath.Abs("testdata/docs/bin")
	if err != nil {
		h.t.Fatal(err)
	}
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		h.t.Fatal(err)
	}
	cache := strings.Fields(string(caches))
	return append(os.Environ(), "PATH="+stand+":"+os.Getenv("PATH"), "HOME="+h.home, "TZ=UTC", "LC_ALL=C.UTF-8", "INVOCATION_ID=", "SUDO_USER=", "NOTIFY_SOCKET=",
		"GOCACHE="+cache[0], "GOMODCACHE="+cache[1], "GOPROXY=off", "GOFLAGS=-trimpath -buildvcs=false", "DEBIAN_FRONTEND=noninteractive", "UNITS="+filepath.Join(h.repository, "packaging/systemd"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+h.repository+".insteadOf", "GIT_CONFIG_VALUE_0=https://git.example.org/xivosync.git", insideHouse+"=")
}

// confd asks the simulated XiVO as the machine itself, behind xivosync's back; @NAME
// at the end of the path stands for the user of that first name.
func (h *house) confd(method, path, body string) {
	h.t.Helper()
	before, name, named := strings.Cut(path, "@")
	if named {
		path = before + h.user(name)
	}
	if answer := askLocally(h.sim, method, path, body); answer.Code >= http.StatusBadRequest {
		h.t.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
}

func (h *house) user(firstname string) string {
	for _, u := range h.sim.Users() {
		if u.Firstname == firstname {
			return u.UUID
		}
	}
	h.t.Fatalf("XiVO has no user %s", firstname)
	return ""
}
