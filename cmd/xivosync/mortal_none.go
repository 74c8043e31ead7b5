//go:build !mortal

package main

import "xivosync/store"

// mortal leaves the store as it is in the program that people use; see mortal.go.
func mortal(opts store.Options) store.Options { return opts }
