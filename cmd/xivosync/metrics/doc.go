// Package metrics keeps the figures of xivosync for Prometheus: of the runs, of
// what waits for a person, and of what both sides were asked.
//
// A service shows them at /metrics. A run that a timer starts leaves them in a
// file for the textfile collector of the node exporter; its counters go on from
// what the file says, since each run is a process of its own.
//
// No label holds what grows with the people: there are sides, modes, outcomes,
// guards, kinds and phases, and nothing else.
package metrics
