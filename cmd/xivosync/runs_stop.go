package main

import (
	"errors"
	"fmt"

	"xivosync/cmd/xivosync/serve"
	"xivosync/store"
)

// stopRun has the service stop the run, or the command, that is going.
func (p *program) stopRun() error {
	if p.visit == nil {
		return p.stopElsewhere()
	}
	by := p.who()
	if !p.visit.service.loop.Stop(serve.Stopped("stopped by " + by)) {
		fmt.Fprintln(p.out, "No run is going.")
		return nil
	}
	p.visit.service.logger().Info("stopping the run", "who", by)
	fmt.Fprintln(p.out, "The run ends after the change at hand. \"xivosync runs\" shows how it ended.")
	return nil
}

// stopElsewhere leaves it to the service, or tells how a run ends that no service
// makes.
func (p *program) stopElsewhere() error {
	err := p.looking(func(*store.DB) error { return nil })
	var busy *store.Busy
	switch {
	case errors.As(err, &busy) && busy.Holder != nil:
		return fmt.Errorf("%w: \"kill -TERM %d\" stops it after the change at hand", err, busy.Holder.PID)
	case err == nil:
		fmt.Fprintln(p.out, "No run is going.")
	}
	return err
}
