package ldap

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// The attributes in which servers keep the immutable id of an entry.
const (
	objectGUID = "objectGUID" // Active Directory, 16 bytes
	entryUUID  = "entryUUID"  // RFC 4530, text
	nsUniqueID = "nsUniqueId" // 389 Directory Server, text in four groups
)

// textGUID returns the id that an attribute holds in the one form that is used
// everywhere else: lower case, dashed 8-4-4-4-12.
//
// Active Directory stores the first three groups with the lowest byte first (as
// a Windows GUID) and the others as they are read; 389 Directory Server writes
// the same 32 digits in four groups of eight.
func textGUID(attribute, value string) (string, error) {
	if strings.EqualFold(attribute, objectGUID) {
		return fromBinary(value)
	}
	digits, err := digitsOf(value)
	if err != nil {
		return "", err
	}
	return dashed(digits), nil
}

func fromBinary(value string) (string, error) {
	if len(value) != 16 {
		return "", fmt.Errorf("an objectGUID of %d bytes, not 16", len(value))
	}
	return dashed(hex.EncodeToString(swapped([]byte(value)))), nil
}

// swapped returns the 16 bytes in the other order; it is its own inverse.
func swapped(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// digitsOf returns the 32 hexadecimal digits of a GUID in text form, however it
// is grouped.
func digitsOf(text string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(strings.Trim(text, "{}"), "-", ""))
	if _, err := hex.DecodeString(digits); err != nil || len(digits) != 32 {
		return "", fmt.Errorf("%q is not a GUID", text)
	}
	return digits, nil
}

func dashed(d string) string {
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:]
}

// filterGUID returns the filter that finds an id in the attribute.
func filterGUID(attribute, id string) (string, error) {
	d, err := digitsOf(id)
	if err != nil {
		return "", err
	}
	switch {
	case strings.EqualFold(attribute, objectGUID):
		raw, _ := hex.DecodeString(d) // digitsOf has checked
		return equals(attribute, string(swapped(raw))), nil
	case strings.EqualFold(attribute, nsUniqueID):
		return equals(attribute, d[:8]+"-"+d[8:16]+"-"+d[16:24]+"-"+d[24:]), nil
	}
	return equals(attribute, dashed(d)), nil
}

// holdsGUID tells whether an attribute's values are ids that are shown in text
// form rather than as they are.
func holdsGUID(attribute string) bool {
	return strings.EqualFold(attribute, objectGUID) || strings.EqualFold(attribute, entryUUID) || strings.EqualFold(attribute, nsUniqueID)
}
