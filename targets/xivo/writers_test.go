package xivo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// One change at a time unless configured, whoever calls.
func TestWriters(t *testing.T) {
	h := live(t, xivosim.Options{})
	var now, most atomic.Int64
	h.sim.OnRequest(func(r *http.Request) {
		if r.Method == http.MethodPost {
			most.Store(max(most.Load(), now.Add(1)))
		}
	}, func(r *http.Request, _ int) {
		if r.Method == http.MethodPost {
			now.Add(-1)
		}
	})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := h.Apply(context.Background(), change(record.Create, "", "firstname", fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d writes at a time", most.Load())
	}
	if list := h.all(t, record.Survey); len(list) != 8 {
		t.Errorf("%d users", len(list))
	}
}

func TestNobodyWaitsForAWriterForEver(t *testing.T) {
	h := live(t, xivosim.Options{})
	release, err := h.takeTurn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = h.Apply(ctx, change(record.Create, "", "firstname", "A"))
	wantClass(t, err, record.Down, "canceled")
	if h.Requests().Write != 0 {
		t.Error("something was sent")
	}
}

func TestDeleteLeavesNothingDangling(t *testing.T) {
	h := live(t, xivosim.Options{})
	made := h.create(t, "firstname", "Ann", "description", "g")
	h.sim.Inject(xivosim.Fault{
		Method: "GET", Path: "/1.1/incalls", Status: 200,
		Body: fmt.Sprintf(`{"total":2,"items":[{"id":4,"destination":{"type":"none"}},{"id":5,"destination":{"type":"user","user_id":%d}}]}`, made.Serial),
	})
	_, err := h.Apply(context.Background(), change(record.Delete, made.ID))
	wantClass(t, err, record.Refused, "incall 5")
	h.sim.ClearFaults()
	h.sim.Inject(xivosim.Fault{Method: "DELETE", Status: 400, Body: `["Resource Error - User is associated with a Line ('line_ids': (7,))"]`})
	_, err = h.Apply(context.Background(), change(record.Delete, made.ID))
	wantClass(t, err, record.Refused, "User is associated with a Line ('line_ids': (7,))")
}
