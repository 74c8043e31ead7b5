package xivosim

import (
	"context"
	"time"
)

// What a real confd 16.16 on one core was measured to take, in requests and in
// rows; a real XiVO, which reloads Asterisk at each write, is slower.
const (
	costRead  = 15 * time.Millisecond
	costWrite = 20 * time.Millisecond

	costUserRow      = 2700 * time.Microsecond
	costVoicemailRow = 2400 * time.Microsecond
	costSIPRow       = 2700 * time.Microsecond
	costExtensionRow = 5500 * time.Microsecond
	costIncallRow    = 6800 * time.Microsecond
	costLineRow      = 7000 * time.Microsecond
	costExportRow    = 60 * time.Microsecond
	costSummaryRow   = 130 * time.Microsecond
	costDirectoryRow = 150 * time.Microsecond
	costImportRow    = 180 * time.Millisecond
)

// writeCosts are the writes that were measured apart, by method and route.
var writeCosts = map[string]time.Duration{
	"POST users":                             41 * time.Millisecond,
	"PUT users/{user}":                       40 * time.Millisecond,
	"POST endpoints/sip":                     40 * time.Millisecond,
	"POST lines":                             39 * time.Millisecond,
	"POST extensions":                        34 * time.Millisecond,
	"PUT lines/{line}/endpoints/sip/{sip}":   107 * time.Millisecond,
	"PUT users/{user}/lines/{line}":          59 * time.Millisecond,
	"PUT lines/{line}/extensions/{exten}":    57 * time.Millisecond,
	"DELETE users/{user}":                    40 * time.Millisecond,
	"DELETE users/{user}/lines/{line}":       59 * time.Millisecond,
	"DELETE lines/{line}/extensions/{exten}": 57 * time.Millisecond,
}

// baseCost is what a request costs before its rows are counted.
func baseCost(method, path string) time.Duration {
	if c, ok := writeCosts[method+" "+path]; ok {
		return c
	}
	if method == "GET" || method == "HEAD" {
		return costRead
	}
	return costWrite
}

// takeCore waits for the one core, when the pace is measured.
func (s *Sim) takeCore(ctx context.Context) (release func(), err error) {
	if s.opt.Pace != PaceMeasured {
		return func() {}, nil
	}
	select {
	case s.core <- struct{}{}:
		return func() { <-s.core }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// wait spends what a real confd would still be busy for.
func (s *Sim) wait(ctx context.Context, left time.Duration) error {
	if s.opt.Pace != PaceMeasured {
		return nil
	}
	return pause(ctx, left)
}
