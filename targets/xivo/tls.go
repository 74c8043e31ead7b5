package xivo

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// trust returns whom to believe: the system's authorities, those of ca (PEM),
// or one certificate by its fingerprint. XiVO's own certificate is self-signed
// unless somebody replaced it.
func trust(ca []byte, fingerprint string) (*tls.Config, error) {
	if len(ca) > 0 && fingerprint != "" {
		return nil, errors.New("xivo: either ca or fingerprint, not both")
	}
	if fingerprint != "" {
		return pinned(fingerprint)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) == 0 {
		return conf, nil
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(ca) {
		return nil, errors.New("xivo ca: no certificate in PEM found")
	}
	return conf, nil
}

// errPin is returned when XiVO shows another certificate than the pinned one.
var errPin = errors.New("the certificate's fingerprint is not the configured one")

// pinned trusts the one certificate whose SHA-256 is the fingerprint, whatever
// its names and dates say. VerifyConnection is called for resumed sessions too.
func pinned(fingerprint string) (*tls.Config, error) {
	want, err := digest(fingerprint)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(state tls.ConnectionState) error {
			got := sha256.Sum256(state.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare(got[:], want) == 1 {
				return nil
			}
			return fmt.Errorf("%w: it is sha256:%x", errPin, got)
		},
	}, nil
}

// digest decodes "sha256:AB:CD…" or "sha256:abcd…".
func digest(fingerprint string) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.ToLower(fingerprint), "sha256:")
	sum, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if !ok || err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("xivo fingerprint %q: want sha256: and 64 hexadecimal digits", fingerprint)
	}
	return sum, nil
}
