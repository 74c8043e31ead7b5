// Package ldif holds the directory of `xivosync demo`.
package ldif

import _ "embed"

// Demo is a small company's directory, as an export would write it.
//
//go:embed demo.ldif
var Demo string
