package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"xivosync/reconcile/record"
)

// Hash identifies the plan by what it would do.
func (p *Plan) Hash() string {
	h := sha256.New()
	for _, c := range p.Changes() {
		h.Write([]byte(signature(c)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MarshalJSON writes the plan under the keys that other programs rely on
// (design, section 15).
func (p *Plan) MarshalJSON() ([]byte, error) {
	exit := 0
	if p.Tripped() {
		exit = 3
	}
	return json.Marshal(struct {
		Hash        string            `json:"hash"`
		Fingerprint string            `json:"fingerprint"`
		Store       string            `json:"store"`
		Mode        record.Mode       `json:"mode"`
		FullBecause string            `json:"full_because,omitempty"`
		ExitIfRun   int               `json:"exit_if_run"`
		Changes     []record.Change   `json:"changes"`
		Counts      record.Counts     `json:"counts"`
		Conflicts   []record.Conflict `json:"conflicts"`
		Guards      []record.Guard    `json:"guards"`
		Held        []any             `json:"held"`
		Mails       []record.Person   `json:"mails"`
		Notes       []Note            `json:"notes"`
		Absent      []Absence         `json:"absent"`
		Unmanaged   int               `json:"unmanaged"`
		Linked      int               `json:"linked"`
	}{
		p.Hash(), p.Fingerprint, p.Store, p.Mode, p.FullBecause, exit, orEmpty(p.Changes()), p.Counts, orEmpty(p.Conflicts), orEmpty(p.Guards),
		p.held(), orEmpty(p.Mails), orEmpty(p.Notes), orEmpty(p.Absent), p.Unmanaged, p.Linked,
	})
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// held are the holds, and the people who are left alone for another reason.
func (p *Plan) held() []any {
	out := []any{}
	for _, h := range p.Held {
		out = append(out, h)
	}
	for _, who := range p.people {
		if who.held && !who.holding(wholePerson) {
			out = append(out, who.Who())
		}
	}
	return out
}
