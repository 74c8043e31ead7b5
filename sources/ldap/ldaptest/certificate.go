package ldaptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority that exists for one test.
type Authority struct {
	// PEM is its certificate.
	PEM []byte

	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t)}
	template := certificateOf("xivosync test authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatalf("make the authority: %v", err)
	}
	a.cert, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("parse the authority: %v", err)
	}
	a.PEM = pemOf("CERTIFICATE", der)
	return a
}

// Issue makes a certificate and its key, in PEM, for a server of these names and
// addresses.
func (a *Authority) Issue(hosts ...string) (cert, key []byte) {
	a.t.Helper()
	template := certificateOf(hosts[0])
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	own := newKey(a.t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	if err != nil {
		a.t.Fatalf("issue a certificate: %v", err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		a.t.Fatalf("encode a key: %v", err)
	}
	return pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", rawKey)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return key
}

func certificateOf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (s *Server) writeCertificates(names []string) {
	s.t.Helper()
	ca := NewAuthority(s.t)
	cert, key := ca.Issue(append([]string{"localhost", "127.0.0.1"}, names...)...)
	s.CA, s.CAFile = ca.PEM, filepath.Join(s.Dir, "ca.pem")
	s.write("ca.pem", string(ca.PEM))
	s.write("server.pem", string(cert))
	s.write("server.key", string(key))
}
