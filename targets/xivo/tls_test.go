package xivo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

func TestTrust(t *testing.T) {
	sim := xivosim.New(xivosim.Options{})
	confd, auth := httptest.NewTLSServer(sim.Confd()), httptest.NewTLSServer(sim.Auth())
	defer confd.Close()
	defer auth.Close()
	confd.Config.ErrorLog, auth.Config.ErrorLog = quiet(), quiet()
	cert := confd.Certificate()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	sum := sha256.Sum256(cert.Raw)
	other := sha256.Sum256([]byte("other"))
	for name, tc := range map[string]struct {
		ca          []byte
		fingerprint string
		words       []string // of the error; none where it works
	}{
		"own authority":      {ca: ca},
		"fingerprint":        {fingerprint: "sha256:" + hex.EncodeToString(sum[:])},
		"with colons":        {fingerprint: "SHA256:" + strings.ToUpper(colons(sum[:]))},
		"another one":        {fingerprint: "sha256:" + hex.EncodeToString(other[:]), words: []string{"fingerprint", fmt.Sprintf("sha256:%x", sum)}},
		"the system's trust": {words: []string{"certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, Config{URL: confd.URL, AuthURL: auth.URL, Username: "xivosync", Password: "secret", CA: tc.ca, Fingerprint: tc.fingerprint})
			_, err := c.Identity(t.Context())
			if tc.words != nil {
				wantClass(t, err, record.Down, tc.words...)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func colons(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02x", c)
	}
	return strings.Join(parts, ":")
}
