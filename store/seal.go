package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"xivosync/reconcile/record"
)

// keySize is the length of the store's key in bytes.
const keySize = 32

// markSize is how much of the key's mark a box begins with.
const markSize = 4

// errUnreadable is returned when a box was sealed with another key, or damaged.
var errUnreadable = errors.New("sealed with another key")

// sealer seals secrets and makes digests, each with a sub-key of the store's
// key. A nil sealer has no key: it opens nothing.
type sealer struct {
	box    cipher.AEAD
	macs   sync.Pool
	mark   []byte
	random io.Reader
}

// newSealer derives the sub-keys.
func newSealer(key []byte, random io.Reader) (*sealer, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key has %d bytes, it needs %d", len(key), keySize)
	}
	block, err := aes.NewCipher(subKey(key, "seal"))
	if err != nil {
		return nil, err
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	digest := subKey(key, "digest")
	s := &sealer{box: box, mark: subKey(key, "mark"), random: random}
	s.macs.New = func() any { return hmac.New(sha256.New, digest) }
	return s, nil
}

// subKey derives the key for one use.
func subKey(key []byte, use string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("xivosync store 1 " + use))
	return mac.Sum(nil)
}

// seal encrypts plain: mark, nonce, ciphertext. The place is authenticated, so
// that a box cannot be moved to another row.
func (s *sealer) seal(plain []byte, place string) ([]byte, error) {
	if s == nil {
		return nil, fmt.Errorf("seal a secret: %w", ErrKey)
	}
	out := make([]byte, markSize+s.box.NonceSize(), markSize+s.box.NonceSize()+len(plain)+s.box.Overhead())
	copy(out, s.mark[:markSize])
	nonce := out[markSize:]
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("seal a secret: random source: %w", err)
	}
	return s.box.Seal(out, nonce, plain, []byte(place)), nil
}

// open decrypts what seal made for the same place.
func (s *sealer) open(box []byte, place string) ([]byte, error) {
	if !s.owns(box) {
		return nil, errUnreadable
	}
	nonce, sealed := box[markSize:markSize+s.box.NonceSize()], box[markSize+s.box.NonceSize():]
	plain, err := s.box.Open(nil, nonce, sealed, []byte(place))
	if err != nil {
		return nil, errUnreadable
	}
	return plain, nil
}

// owns tells whether the box says that it was sealed with this key.
func (s *sealer) owns(box []byte) bool {
	return s != nil && len(box) > markSize+s.box.NonceSize() && string(box[:markSize]) == string(s.mark[:markSize])
}

// digest returns the keyed digest of the texts; the lengths go in, so that
// moving a border between two texts changes it.
func (s *sealer) digest(texts []string) (d record.Digest) {
	if s == nil {
		return d
	}
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	buf := make([]byte, 0, 512)
	for _, t := range texts {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(t)))
		buf = append(buf, t...)
	}
	mac.Write(buf)
	copy(d[:], mac.Sum(buf[:0]))
	return d
}
