package ldaptest

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// Where everything is in the domain. The passwords of both accounts are
// [Password].
const (
	SuffixAD   = "DC=parts,DC=test"
	PeopleAD   = "OU=people," + SuffixAD
	GroupsAD   = "OU=groups," + SuffixAD
	LeaversAD  = "OU=leavers," + SuffixAD
	ServicesAD = "OU=services," + SuffixAD
	// BindAD is the service account: it reads everything that is not deleted, and
	// writes telephoneNumber, ipPhone and mobile of people. SeerAD writes nothing,
	// and sees what was deleted.
	BindAD = "CN=sync," + ServicesAD
	SeerAD = "CN=seer," + ServicesAD

	realm         = "parts.test"
	sambaPassword = "Adm1n-of-parts!"
)

// SambaOptions change what [Samba] starts.
type SambaOptions struct {
	// Unencrypted lets accounts log in without TLS, so that a test can meddle with
	// the messages.
	Unencrypted bool
	// Realm is the domain's; the default is parts.test. Any other domain has the
	// same units and accounts, to whom nothing is delegated.
	Realm string
	// Here leaves the controller in the caller's network, where it takes the ports
	// of LDAP; Names are further names that its certificate is good for.
	Here  bool
	Names []string
}

// DC is a running domain controller of Samba.
type DC struct {
	// URL names 127.0.0.1; it takes StartTLS with a certificate of CA.
	URL string
	CA  []byte
	// Dir holds everything of this controller.
	Dir string
	// Suffix is the DN of the domain.
	Suffix string

	// Admin edits as the system itself, whom no access control concerns.
	*Admin

	t      testing.TB
	here   bool
	proxy  *Proxy
	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	out    *bytes.Buffer
}

// Samba starts a domain controller with an empty unit of people, which lives
// until the test ends. It runs in a network of its own, since its ports cannot be
// chosen, and is reached by its socket through a proxy.
func Samba(t testing.TB, opts SambaOptions) *DC {
	t.Helper()
	realm := cmp.Or(opts.Realm, realm)
	from := template(t, realm)
	dir, err := os.MkdirTemp("/tmp", "dc") // a socket's path has to be short
	if err != nil {
		t.Fatalf("make the controller's directory: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if out, err := exec.Command("cp", "-a", "--sparse=always", from+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the domain: %v: %s", err, out)
	}
	writeSmbConf(t, dir, realm, opts)
	dc := &DC{Dir: dir, Suffix: suffixOf(realm), t: t, here: opts.Here}
	if opts.Names != nil {
		certifySamba(t, dir, opts.Names)
	}
	if dc.CA, err = os.ReadFile(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatalf("read the authority: %v", err)
	}
	dc.start()
	dc.proxy = NewProxy(t, socketURL(filepath.Join(dir, "private", "ldapi")))
	dc.URL = dc.proxy.URL()
	t.Cleanup(func() {
		dc.Kill()
		if t.Failed() && dc.out.Len() > 0 {
			t.Logf("samba said: %s", dc.out)
		}
	})
	return dc
}

// suffixOf is the DN of a domain.
func suffixOf(realm string) string { return "DC=" + strings.ReplaceAll(realm, ".", ",DC=") }

func (dc *DC) realm() string {
	return strings.ReplaceAll(strings.TrimPrefix(dc.Suffix, "DC="), ",DC=", ".")
}

// Proxy is what stands before the controller; a test may break its connections.
func (dc *DC) Proxy() *Proxy { return dc.proxy }

func socketURL(path string) string { return "ldapi://" + strings.ReplaceAll(path, "/", "%2F") }

// start starts the controller and waits until it answers.
func (dc *DC) start() {
	dc.t.Helper()
	dc.mu.Lock()
	dc.out = &bytes.Buffer{}
	dc.cmd = exec.Command("sh", "-c", `ip link set lo up && exec samba -i -M single -s "$0/smb.conf" -l "$0/log"`, dc.Dir)
	dc.cmd.Stdout, dc.cmd.Stderr = dc.out, dc.out
	dc.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if !dc.here {
		dc.cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	}
	if err := dc.cmd.Start(); err != nil {
		dc.mu.Unlock()
		dc.t.Fatalf("start samba: %v", err)
	}
	cmd, exited := dc.cmd, make(chan struct{})
	dc.exited = exited
	dc.mu.Unlock()
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	if dc.Admin == nil {
		dc.Admin = NewAdmin(dc.t, socketURL(filepath.Join(dc.Dir, "private", "ldap_priv", "ldapi")), "", "")
	}
	dc.await()
}

// await polls until a search is answered.
func (dc *DC) await() {
	dc.t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		if conn, err := goldap.DialURL(dc.Admin.url); err == nil {
			_, err = conn.Search(goldap.NewSearchRequest(dc.Suffix, goldap.ScopeBaseObject, 0, 0, 5, false, "(objectClass=*)", []string{"1.1"}, nil))
			_ = conn.Close()
			if err == nil {
				return
			}
		}
		select {
		case <-dc.exited:
			dc.t.Fatalf("samba does not start: %s", dc.out)
		case <-deadline:
			dc.t.Fatalf("samba does not answer: %s", dc.out)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Kill ends the controller as a crash would; Start brings it back.
func (dc *DC) Kill() {
	dc.mu.Lock()
	cmd, exited := dc.cmd, dc.exited
	dc.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	<-exited
	dc.disconnect()
}

// Start starts the controller again after Kill.
func (dc *DC) Start() {
	dc.t.Helper()
	dc.start()
}

// dialTarget connects to a server by its address or, with a slash in it, to its
// socket.
func dialTarget(target string) (net.Conn, error) {
	if strings.HasPrefix(target, "/") {
		return net.Dial("unix", target)
	}
	return net.Dial("tcp", target)
}

// targetOf returns the address, or the path of the socket, in a URL.
func targetOf(url string) string {
	scheme, address, _ := strings.Cut(url, "://")
	if scheme == "ldapi" {
		return strings.ReplaceAll(address, "%2F", "/")
	}
	return address
}

// Hire adds a person to the domain and returns the DN; each pair of arguments is
// an attribute and a value.
func (dc *DC) Hire(account string, pairs ...string) string {
	dc.t.Helper()
	p := Person{DN: fmt.Sprintf("CN=%s,OU=people,%s", account, dc.Suffix), Attributes: map[string][]string{
		"objectClass": {"user"}, "sAMAccountName": {account}, "userAccountControl": {"544"}, "sn": {account},
		"givenName": {"Given"}, "mail": {account + "@" + dc.realm()},
	}}
	for i := 0; i+1 < len(pairs); i += 2 {
		p.Attributes[pairs[i]] = []string{pairs[i+1]}
	}
	dc.Add(p)
	return p.DN
}

// Group adds a group with these members and returns its DN.
func (dc *DC) Group(name string, members ...string) string {
	dc.t.Helper()
	p := Person{DN: fmt.Sprintf("CN=%s,OU=groups,%s", name, dc.Suffix), Attributes: map[string][]string{"objectClass": {"group"}, "sAMAccountName": {name}}}
	if len(members) > 0 {
		p.Attributes["member"] = members
	}
	dc.Add(p)
	return p.DN
}
