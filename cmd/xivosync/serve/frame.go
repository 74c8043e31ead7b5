package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Request is a command that another process wants carried out.
type Request struct {
	// Args is its command line without the program's name, Dir the folder that
	// relative paths start at.
	Args []string `json:"args"`
	Dir  string   `json:"dir"`
	// Terminal tells whether its stderr is one, Color whether its stdout is one
	// that shows colors.
	Terminal bool `json:"terminal,omitempty"`
	Color    bool `json:"color,omitempty"`
	// Trigger is what started it, and Sudo on whose behalf root did.
	Trigger string `json:"trigger,omitempty"`
	Sudo    string `json:"sudo,omitempty"`
	// Store is that of its configuration.
	Store string `json:"store,omitempty"`
	// Config is a digest of the configuration as the process sees it.
	Config string `json:"config,omitempty"`
}

// frame is what goes over the socket, a line of JSON each. The request goes
// first, then frames in both directions until one has the exit code.
type frame struct {
	// Out and Err are for the process to print.
	Out []byte `json:"out,omitempty"`
	Err []byte `json:"err,omitempty"`
	// Exit ends the command.
	Exit *int `json:"exit,omitempty"`
	// Read and Write name a file of the process: its content is asked for, or is
	// the Data of this frame and of those that follow while there is More.
	Read  string `json:"read,omitempty"`
	Write string `json:"write,omitempty"`
	Data  []byte `json:"data,omitempty"`
	More  bool   `json:"more,omitempty"`
	// Reply marks the answer to either, with what went wrong.
	Reply bool   `json:"reply,omitempty"`
	Error string `json:"error,omitempty"`
	// Cancel asks for the command to stop.
	Cancel bool `json:"cancel,omitempty"`
}

// chunk is how much of a file goes into one frame, largest how much a file may
// have, and longest how long a request may be; in bytes.
const (
	chunk          = 64 << 10
	largest        = 1 << 30
	longestRequest = 1 << 20
)

var errLarge = fmt.Errorf("the file has more than %d bytes", largest)

// slowest is how long the other end may take to take a frame: whoever put the
// process to sleep does not keep the service from its work.
const slowest = 30 * time.Second

// wire sends frames; several goroutines may. After a frame that was not taken it
// sends no more.
type wire struct {
	mu     sync.Mutex
	conn   net.Conn
	to     *json.Encoder
	broken error
	// slowest is how long one frame may take.
	slowest time.Duration
}

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, to: json.NewEncoder(conn), slowest: slowest}
}

func (w *wire) send(f frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken == nil {
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.slowest))
		w.broken = w.to.Encode(f)
	}
	return w.broken
}

// stream sends the data of a file; each frame is made by with.
func (w *wire) stream(data []byte, with frame) error {
	for {
		n := min(len(data), chunk)
		with.Data, with.More = data[:n], len(data) > n
		if err := w.send(with); err != nil || !with.More {
			return err
		}
		data = data[n:]
	}
}

// collector puts the chunks of a file together.
type collector struct{ data []byte }

// add takes a frame, and tells whether it was the last one.
func (c *collector) add(f frame) (whole bool, err error) {
	if len(c.data)+len(f.Data) > largest {
		return false, errLarge
	}
	c.data = append(c.data, f.Data...)
	if f.Error != "" {
		return true, errors.New(f.Error)
	}
	return !f.More, nil
}

// printer is an io.Writer that sends what is written to it.
type printer struct {
	*wire
	err bool
}

func (p printer) Write(text []byte) (int, error) {
	f := frame{Out: text}
	if p.err {
		f = frame{Err: text}
	}
	return len(text), p.send(f)
}
