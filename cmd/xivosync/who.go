package main

import (
	"fmt"
	"os"
	"os/user"
)

// The triggers of a run: what started it.
const (
	triggerManual  = "manual"
	triggerTimer   = "timer"
	triggerService = "service"
)

// trigger tells what started the run: systemd names each start of a service.
func (p *program) trigger() string {
	if p.visit != nil {
		return p.visit.trigger()
	}
	return startedBy()
}

func startedBy() string {
	if os.Getenv("INVOCATION_ID") != "" {
		return triggerTimer
	}
	return triggerManual
}

// who is on whose behalf the command is given.
func (p *program) who() string {
	if p.visit != nil {
		return p.visit.who()
	}
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
