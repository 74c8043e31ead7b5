package ldaptest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// SambaPackages are the Debian packages of a domain controller.
const SambaPackages = "samba samba-ad-dc samba-dsdb-modules samba-vfs-modules samba-ad-provision winbind ldb-tools python3-samba iproute2"

// template is a domain that was provisioned once, which takes several seconds,
// and is copied for every controller, which takes almost none. It lies beside
// other temporary files under a name that tells how it was made.
func template(t testing.TB, realm string) string {
	t.Helper()
	version, err := exec.Command("samba", "--version").Output()
	if err != nil {
		t.Fatalf("samba is not installed: apt-get install --no-install-recommends %s", SambaPackages)
	}
	if os.Geteuid() != 0 {
		t.Fatal("a Samba domain controller needs root: run the tests as root, or in a container")
	}
	sum := sha256.Sum256([]byte(string(version) + smbConf + recipe + realm))
	dir := filepath.Join(os.TempDir(), "xivosync-samba-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(dir, "private", "sam.ldb")); err == nil {
		return dir
	}
	made := provision(t, realm)
	if err := os.Rename(made, dir); err != nil { // another process was faster
		_ = os.RemoveAll(made)
		if _, err := os.Stat(dir); err != nil {
			t.Fatalf("keep the provisioned domain: %v", err)
		}
	}
	return dir
}

// recipe is what the domain is made by; whoever changes how it is made changes
// this text, so that no old template is taken for it.
const recipe = "3: people, groups, services; sync may write phones; seer sees the deleted"

// provision makes the domain with the units and accounts of [Samba].
func provision(t testing.TB, realm string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "samba-new")
	if err != nil {
		t.Fatalf("make the domain's directory: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // unless it has been moved to its place
	makeSambaDirs(t, dir)
	certifySamba(t, dir, nil)
	writeSmbConf(t, dir, realm, SambaOptions{})
	sambaTool(t, dir, "domain", "provision", "--realm="+strings.ToUpper(realm), "--domain="+workgroup(realm), "--server-role=dc", "--dns-backend=NONE",
		"--use-rfc2307", "--adminpass="+sambaPassword, "--host-name=dc1", "--host-ip=127.0.0.1", "--option=vfs objects=")
	writeSmbConf(t, dir, realm, SambaOptions{}) // provisioning adds to it
	dc := &DC{Dir: dir, Suffix: suffixOf(realm), t: t}
	dc.start()
	dc.furnish()
	if dc.Suffix == SuffixAD {
		var write strings.Builder
		for _, attribute := range delegated {
			fmt.Fprintf(&write, "(OA;CIIO;RPWP;%s;bf967aba-0de6-11d0-a285-00aa003049e2;%s)", attribute, dc.SID(BindAD))
		}
		dc.Grant(PeopleAD, write.String())
		dc.Grant("CN=Deleted Objects,"+SuffixAD, fmt.Sprintf("(A;;LCRP;;;%s)", dc.SID(SeerAD)))
	}
	dc.Kill()
	return dir
}

// workgroup is the short name of a domain.
func workgroup(realm string) string {
	name, _, _ := strings.Cut(realm, ".")
	return strings.ToUpper(name)
}

// certifySamba writes the controller's certificate, and the authority's.
func certifySamba(t testing.TB, dir string, names []string) {
	t.Helper()
	ca := NewAuthority(t)
	cert, key := ca.Issue(append([]string{"127.0.0.1", "localhost"}, names...)...)
	for name, pem := range map[string][]byte{"ca.pem": ca.PEM, "server.pem": cert, "server.key": key} {
		writeSamba(t, filepath.Join(dir, name), pem)
	}
}

// Grant puts entries, in the language of security descriptors, before the access
// control list of an object, which may be one of the deleted.
func (dc *DC) Grant(dn, entries string) {
	dc.t.Helper()
	run(dc.t, "/usr/bin/python3", "-c", grantScript, dc.Dir, dn, entries)
}

// SID is how access control lists name an account.
func (dc *DC) SID(dn string) string {
	dc.t.Helper()
	return sidText(dc.Search(dn, "(objectClass=*)", "objectSid")[0].GetRawAttributeValue("objectSid"))
}

// grantScript puts entries before an object's access control list. samba-tool
// could do so, but not for the container of deleted objects.
const grantScript = `
import sys, ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
dir, rest = sys.argv[1], sys.argv[2:]
lp = LoadParm()
lp.load(dir + "/smb.conf")
db = SamDB(url=dir + "/private/sam.ldb", session_info=system_session(), lp=lp)
controls = ["show_deleted:1", "sd_flags:1:4"]
for dn, aces in zip(rest[0::2], rest[1::2]):
    found = db.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=controls)
    sid = security.dom_sid(db.get_domain_sid())
    text = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0]).as_sddl(sid)
    at = text.index("(", text.index("D:"))
    descriptor = security.descriptor.from_sddl(text[:at] + aces + text[at:], sid)
    m = ldb.Message(found[0].dn)
    m["nTSecurityDescriptor"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
    db.modify(m, controls)
`

// delegated are the attributes that the service account may write to people:
// telephoneNumber, ipPhone, mobile, by the ids of the schema.
var delegated = []string{
	"bf967a49-0de6-11d0-a285-00aa003049e2", "4d146e4a-48d4-11d1-a9c3-0000f80367c1", "f0f8ffa3-1191-11d0-a060-00aa006c33ed",
}

// furnish adds the units and the accounts.
func (dc *DC) furnish() {
	for _, unit := range []string{"people", "groups", "services", "leavers"} {
		req := goldap.NewAddRequest("OU="+unit+","+dc.Suffix, nil)
		req.Attribute("objectClass", []string{"organizationalUnit"})
		if err := dc.connect().Add(req); err != nil {
			dc.t.Fatalf("add the unit %s: %v", unit, err)
		}
	}
	dc.Account("sync")
	dc.Account("seer")
}

// Account adds a service account, whose password is [Password], and returns its DN.
func (dc *DC) Account(name string) string {
	dc.t.Helper()
	dn := fmt.Sprintf("CN=%s,OU=services,%s", name, dc.Suffix)
	req := goldap.NewAddRequest(dn, nil)
	req.Attribute("objectClass", []string{"user"})
	req.Attribute("sAMAccountName", []string{name})
	req.Attribute("userPrincipalName", []string{name + "@" + dc.realm()})
	req.Attribute("userAccountControl", []string{"66048"}) // an account whose password does not expire
	req.Attribute("unicodePwd", []string{utf16Quoted(Password)})
	if err := dc.connect().Add(req); err != nil {
		dc.t.Fatalf("add %s: %v", dn, err)
	}
	return dn
}

// utf16Quoted is how Active Directory takes a password.
func utf16Quoted(password string) string {
	var out strings.Builder
	for _, b := range []byte(`"` + password + `"`) {
		out.WriteByte(b)
		out.WriteByte(0)
	}
	return out.String()
}

// sidText writes a binary SID as S-1-5-21-….
func sidText(raw []byte) string {
	text := fmt.Sprintf("S-%d-%d", raw[0], raw[7]) // authorities beyond 255 do not occur here
	for i := 8; i+4 <= len(raw); i += 4 {
		text += fmt.Sprintf("-%d", uint32(raw[i])|uint32(raw[i+1])<<8|uint32(raw[i+2])<<16|uint32(raw[i+3])<<24)
	}
	return text
}

func sambaTool(t testing.TB, dir string, args ...string) {
	t.Helper()
	run(t, "samba-tool", append(args, "--configfile="+filepath.Join(dir, "smb.conf"))...)
}

func run(t testing.TB, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s\nis all of it installed? apt-get install --no-install-recommends %s", program, err, out, SambaPackages)
	}
}

var sambaDirs = []string{"private", "state", "cache", "lock", "run", "ncalrpc", "bind", "winbindd", "ntp", "sysvol", "netlogon", "log"}

func makeSambaDirs(t testing.TB, dir string) {
	t.Helper()
	for _, name := range sambaDirs {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatalf("make the domain's directories: %v", err)
		}
	}
}

func writeSamba(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("write %s: %v", path, err)
	}
}

func writeSmbConf(t testing.TB, dir, realm string, opts SambaOptions) {
	strong := "yes"
	if opts.Unencrypted {
		strong = "no"
	}
	writeSamba(t, filepath.Join(dir, "smb.conf"), []byte(strings.NewReplacer("DIR", dir, "STRONG", strong, "REALM", strings.ToUpper(realm), "WORKGROUP", workgroup(realm)).Replace(smbConf)))
}

// smbConf starts nothing but LDAP, on loopback.
const smbConf = `[global]
netbios name = DC1
realm = REALM
workgroup = WORKGROUP
server role = active directory domain controller
interfaces = 127.0.0.1/8
bind interfaces only = yes
server services = ldap
private dir = DIR/private
state directory = DIR/state
cache directory = DIR/cache
lock directory = DIR/lock
pid directory = DIR/run
ncalrpc dir = DIR/ncalrpc
binddns dir = DIR/bind
winbindd socket directory = DIR/winbindd
ntp signd socket directory = DIR/ntp
log file = DIR/log/log
ldap server require strong auth = STRONG
tls enabled = yes
tls certfile = DIR/server.pem
tls keyfile = DIR/server.key
tls cafile = DIR/ca.pem
idmap_ldb:use rfc2307 = yes
ldb:nosync = true
passdb backend = samba_dsdb
[sysvol]
path = DIR/sysvol
[netlogon]
path = DIR/netlogon
`
