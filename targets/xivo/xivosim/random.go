package xivosim

import (
	"encoding/hex"
	"io"
	"strconv"

	"github.com/google/uuid"
)

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

// random reads from the injected source. It panics when the source ends, for
// nothing the simulator could answer would be right.
func (s *Sim) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.opt.Rand, b); err != nil {
		panic("xivosim: read random source: " + err.Error())
	}
	return b
}

func (s *Sim) newUUID() string {
	u, err := uuid.NewRandomFromReader(s.opt.Rand)
	if err != nil {
		panic("xivosim: read random source: " + err.Error())
	}
	return u.String()
}

func (s *Sim) hex(digits int) string { return hex.EncodeToString(s.random(digits / 2)) }

// word is a generated user name or secret: eight letters and digits.
func (s *Sim) word() string {
	b := s.random(8)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// code is a generated provisioning code: six digits, the first from 1 to 8.
func (s *Sim) code() string {
	b := s.random(4)
	n := uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2])
	return strconv.Itoa(1+int(b[3])%8) + strconv.Itoa(int(100000 + n%100000))[1:]
}
