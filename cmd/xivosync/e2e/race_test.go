//go:build race

package e2e

// raced tells that the race detector watches: everything takes several times as long.
const raced = true
