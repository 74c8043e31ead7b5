package ldaptest

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	mathrand "math/rand/v2"
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

// Where everything is in the server's tree.
const (
	Suffix   = "dc=parts,dc=test"
	PeopleDN = "ou=people," + Suffix
	GroupsDN = "ou=groups," + Suffix
	// BindDN is the service account: it reads and writes below the suffix, and
	// is bound by the limits of [Options].
	BindDN   = "cn=sync,ou=services," + Suffix
	Password = "s3cret-of-sync"
	// ReaderDN reads everything and writes nothing; its password is [Password].
	ReaderDN = "cn=reader,ou=services," + Suffix

	configDN = "cn=config"
)

// Options change what [Slapd] starts. The zero value is an empty tree with the
// three organisational units and the two service accounts.
type Options struct {
	// People are loaded before the start, with the groups that they name.
	People []Person
	// LDIF is loaded after them: further entries below [Suffix].
	LDIF string
	// Tree, where it is set, is the whole content in place of all that, as
	// Server.Tree writes it.
	Tree string
	// Limits are those of the service account as in slapd.conf; the default
	// allows pages of up to 1000 entries and 500 entries without paging.
	Limits string
	// Suffix is the DN of the tree that Tree describes; the default is [Suffix].
	Suffix string
	// Listen are further URLs to listen at, such as "ldapi:///", and Names further
	// names that the certificate is good for.
	Listen, Names []string
	// NoMemberOf leaves the memberof overlay out: people do not show their groups.
	NoMemberOf bool
	// Global and Database are further lines of slapd.conf.
	Global   string
	Database string
}

// Server is a running slapd.
type Server struct {
	// URL and LDAPSURL name 127.0.0.1, for which the certificate is good as for
	// "localhost". They stay the same over Kill and Start.
	URL, LDAPSURL string
	// BindDN and Password are those of the service account.
	BindDN, Password string
	// CA is the certificate authority in PEM, and CAFile the file with it.
	CA     []byte
	CAFile string
	// Dir holds everything of this server; it is removed with the test.
	Dir string

	// Admin edits as the administrator.
	*Admin

	t      testing.TB
	binary string
	suffix string
	listen []string
	// secret is the administrator's password. It is this server's own, so that
	// whoever logs in knows that no other test's slapd has taken the port.
	secret string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	stderr *bytes.Buffer
}

// Slapd loads and starts a server, which lives until the test ends.
func Slapd(t testing.TB, opts Options) *Server {
	t.Helper()
	s := &Server{t: t, binary: find(t, "slapd"), BindDN: BindDN, Password: Password, secret: rand.Text()}
	s.suffix, s.listen = cmp.Or(opts.Suffix, Suffix), opts.Listen
	s.Dir = makeDir(t)
	s.writeCertificates(opts.Names)
	s.writeConfig(opts)
	s.load(opts)
	s.startAnew()
	s.Admin = NewAdmin(t, s.URL, s.adminDN(), s.secret)
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() && s.stderr != nil && s.stderr.Len() > 0 {
			t.Logf("slapd said: %s", s.stderr)
		}
	})
	return s
}

func (s *Server) adminDN() string { return "cn=admin," + s.suffix }

// makeDir is not t.TempDir: a path has to stay short, and the directory has to
// outlive the server's last breath.
func makeDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/tmp", "slapd")
	if err != nil {
		t.Fatalf("make the server's directory: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatalf("make the database directory: %v", err)
	}
	return dir
}

func find(t testing.TB, program string) string {
	t.Helper()
	for _, dir := range []string{"/usr/sbin", "/usr/libexec", "/usr/lib/openldap"} {
		if path := filepath.Join(dir, program); exec.Command("test", "-x", path).Run() == nil {
			return path
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not installed: apt-get install --no-install-recommends slapd ldap-utils", program)
	}
	return path
}

// load fills the database while no server runs, which is ten times as fast.
func (s *Server) load(opts Options) {
	s.t.Helper()
	cmd := exec.Command(s.binary, "-Tadd", "-q", "-b", s.suffix, "-f", filepath.Join(s.Dir, "slapd.conf"))
	cmd.Stdin = strings.NewReader(s.content(opts))
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("load the directory: %v: %s", err, out)
	}
}

// content is what the server holds when it starts.
func (s *Server) content(opts Options) string {
	s.t.Helper()
	if opts.Tree != "" {
		return opts.Tree
	}
	var ldif strings.Builder
	ldif.WriteString(baseLDIF)
	if err := WriteLDIF(&ldif, opts.People); err != nil {
		s.t.Fatalf("write the people: %v", err)
	}
	ldif.WriteString("\n" + opts.LDIF)
	return ldif.String()
}

// startAnew starts the server on ports that seem to be free, which another
// process may take first.
func (s *Server) startAnew() {
	s.t.Helper()
	for range 10 {
		s.URL = fmt.Sprintf("ldap://%s", freeAddress(s.t))
		s.LDAPSURL = fmt.Sprintf("ldaps://%s", freeAddress(s.t))
		if s.launch(); s.ready() {
			return
		}
		s.Kill()
	}
	s.t.Fatalf("slapd does not start: %s", s.stderr)
}

// freeAddress finds a port below those that the kernel gives to clients.
func freeAddress(t testing.TB) string {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10240+mathrand.IntN(32768-10240)))
		if err == nil {
			defer func() { _ = l.Close() }()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Start starts the server again after Kill or Stop, on the same ports, and waits
// until it answers.
func (s *Server) Start() {
	s.t.Helper()
	for range 5 {
		if s.launch(); s.ready() {
			return
		}
		s.Kill()
	}
	s.t.Fatalf("slapd does not start again: %s", s.stderr)
}

func (s *Server) launch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stderr = &bytes.Buffer{}
	// -d 0 keeps it in the foreground; it dies with the test process.
	urls := append([]string{s.URL + "/", s.LDAPSURL + "/"}, s.listen...)
	s.cmd = exec.Command(s.binary, "-d", "0", "-f", filepath.Join(s.Dir, "slapd.conf"), "-h", strings.Join(urls, " "))
	s.cmd.Stderr = s.stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start slapd: %v", err)
	}
	cmd, exited := s.cmd, make(chan struct{})
	s.exited = exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
}

// ready polls until the administrator can log in, or slapd has died. It goes by
// LDAPS, since a test may forbid to log in without.
func (s *Server) ready() bool {
	deadline := time.After(20 * time.Second)
	trusted := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	trusted.RootCAs.AppendCertsFromPEM(s.CA)
	for {
		if conn, err := goldap.DialURL(s.LDAPSURL, goldap.DialWithTLSConfig(trusted)); err == nil {
			err = conn.Bind(configDN, s.secret)
			_ = conn.Close()
			if err == nil {
				return true
			}
		}
		select {
		case <-s.exited:
			return false
		case <-deadline:
			return false
		case <-time.After(3 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash would. It is fine to kill a dead server.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server in good order.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(sig syscall.Signal) {
	s.mu.Lock()
	cmd, exited := s.cmd, s.exited
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(sig)
	<-exited
	if s.Admin != nil {
		s.disconnect()
	}
}
