package store

import (
	"encoding/binary"
	"hash/crc32"
)

// A value begins with sumMark and a checksum (CRC-32C) of its key and the rest:
// bbolt itself would not notice a changed byte. Values without the mark are of a
// program that did not write checksums yet; neither JSON nor a link row begins so.
const (
	sumMark = 2
	sumSize = 5
)

// errSum is the error of a value that is not what was written under that key.
var errSum error = sumError{}

type sumError struct{}

func (sumError) Error() string { return "the checksum does not fit" }

// Is tells that the file is damaged.
func (sumError) Is(target error) bool { return target == ErrDamaged }

// withSum puts the checksum before a value.
func withSum(key, value []byte) []byte {
	out := make([]byte, sumSize, sumSize+len(value))
	out[0] = sumMark
	binary.BigEndian.PutUint32(out[1:], sumOf(key, value))
	return append(out, value...)
}

// withoutSum checks and removes it.
func withoutSum(key, value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] != sumMark {
		return value, nil
	}
	if len(value) < sumSize || binary.BigEndian.Uint32(value[1:]) != sumOf(key, value[sumSize:]) {
		return nil, errSum
	}
	return value[sumSize:], nil
}

// needSum is withoutSum for values that all have one.
func needSum(key, value []byte) ([]byte, error) {
	if len(value) > 0 && value[0] != sumMark {
		return nil, errSum
	}
	return withoutSum(key, value)
}

func sumOf(key, value []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli) // made once by the package
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}
