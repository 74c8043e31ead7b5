//go:build !manual

package main

import "github.com/spf13/cobra"

// addManual adds nothing to the program that people use; see manual.go.
func addManual(*cobra.Command) {}
