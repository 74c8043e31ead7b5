// Package serve is the machinery of "xivosync serve": the loop that gives turns
// as the schedule says, the control socket by which other processes of the same
// machine have their commands carried out, the health endpoint, and what the
// service manager is told.
//
// It knows nothing of directories, XiVO or the store: what is done in a turn, and
// how a command is carried out, are functions that it is given. Whoever uses the
// store for more than a look has a turn, and there is one at a time.
package serve
