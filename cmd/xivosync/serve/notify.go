package serve

import (
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// Manager is the service manager, which is told how the service does (see
// sd_notify(3)). Where there is none, nothing is told.
type Manager struct{ last string }

// Ready tells that the service has begun, or has taken its new configuration.
func (m *Manager) Ready() { tell(daemon.SdNotifyReady) }

// Reloading tells that the service reads its configuration anew.
func (m *Manager) Reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return
	}
	tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000))
}

// Stopping tells that the service ends, and within which time.
func (m *Manager) Stopping(within time.Duration) {
	tell(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", daemon.SdNotifyStopping, within.Microseconds()))
}

// Status tells in one line what the service does; what it told last is not told
// again.
func (m *Manager) Status(text string) {
	if text != m.last {
		m.last = text
		tell("STATUS=" + text)
	}
}

// Alive pets the watchdog.
func (m *Manager) Alive() { tell(daemon.SdNotifyWatchdog) }

// Watchdog is how often the manager wants to hear that the service lives; zero
// for never.
func (m *Manager) Watchdog() time.Duration {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return every
}

// tell sends a message. That nobody takes it is no reason to do anything else.
func tell(state string) { _, _ = daemon.SdNotify(false, state) }
