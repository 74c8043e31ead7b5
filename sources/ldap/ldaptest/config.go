package ldaptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const defaultLimits = "size.soft=500 size.hard=500 size.pr=1000 size.prtotal=unlimited"

// baseLDIF is the tree that every server has.
const baseLDIF = `dn: dc=parts,dc=test
objectClass: dcObject
objectClass: organization
o: Parts
dc: parts

dn: ou=people,dc=parts,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=parts,dc=test
objectClass: organizationalUnit
ou: groups

dn: ou=services,dc=parts,dc=test
objectClass: organizationalUnit
ou: services

dn: cn=sync,ou=services,dc=parts,dc=test
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: sync
userPassword: ` + Password + `

dn: cn=reader,ou=services,dc=parts,dc=test
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ` + Password + `

`

// schema holds the attributes that Active Directory has and OpenLDAP lacks, one
// without a text syntax (partsBlob may hold any bytes), one whose case matters,
// and a class that every person may carry.
const schema = `
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'ipPhone' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'otherTelephone' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.5 NAME 'partsBlob' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.6.1.4.1.99999.1.6 NAME 'partsCode' EQUALITY caseExactMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.7 NAME 'company' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.99999.1.8 NAME 'department' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'partsPerson' SUP top AUXILIARY
  MAY ( ipPhone $ otherTelephone $ userAccountControl $ sAMAccountName $ partsBlob $ partsCode $ company $ department $
    cn $ sn $ givenName $ displayName $ mail $ telephoneNumber $ mobile $ facsimileTelephoneNumber $ pager $
    employeeNumber $ employeeType $ preferredLanguage $ title $ l $ o $ ou $ description ) )
`

func (s *Server) writeConfig(opts Options) {
	limits := opts.Limits
	if limits == "" {
		limits = defaultLimits
	}
	memberof := "overlay memberof"
	if opts.NoMemberOf {
		memberof = ""
	}
	s.write("parts.schema", schema)
	s.write("slapd.conf", strings.NewReplacer(
		"DIR", s.Dir, "SUFFIX", s.suffix, "BINDDN", BindDN, "LIMITS", limits,
		"ADMINDN", s.adminDN(), "ADMINPW", s.secret, "CONFIGPW", s.secret,
		"MEMBEROF", memberof, "GLOBAL", opts.Global, "DATABASE", opts.Database,
	).Replace(slapdConf))
}

const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include DIR/parts.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
moduleload unique
moduleload memberof
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
TLSCACertificateFile DIR/ca.pem
TLSCertificateFile DIR/server.pem
TLSCertificateKeyFile DIR/server.key
GLOBAL
database config
rootpw CONFIGPW
access to * by dn.exact="gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth" manage by * none
database mdb
suffix SUFFIX
rootdn ADMINDN
rootpw ADMINPW
directory DIR/db
maxsize 4294967296
envflags nosync
index objectClass eq
index uid,mail,employeeNumber,ipPhone eq
index cn,sn eq,sub
index telephoneNumber eq,sub
index entryUUID,entryCSN,modifyTimestamp eq
access to attrs=userPassword by anonymous auth by self write by * none
access to * by dn.exact="BINDDN" write by users read by * none
limits dn.exact="BINDDN" LIMITS
overlay syncprov
syncprov-checkpoint 1000 60
syncprov-sessionlog 10000
MEMBEROF
DATABASE
`

func (s *Server) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatalf("write %s: %v", name, err)
	}
}

// SetLimits replaces the limits of the service account while the server runs,
// e.g. "size.soft=5 size.hard=5".
func (s *Server) SetLimits(limits string) {
	s.t.Helper()
	s.Configure("olcLimits", fmt.Sprintf("dn.exact=%q %s", BindDN, limits))
}

// SetReadOnly makes the database refuse every write, or take them again.
func (s *Server) SetReadOnly(on bool) {
	s.t.Helper()
	s.Configure("olcReadOnly", strings.ToUpper(fmt.Sprint(on)))
}
