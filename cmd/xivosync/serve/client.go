package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// ErrLost is returned when the service ended before the command did.
var ErrLost = errors.New("the service ended before the command did")

// Files are those of the process that asks, as its command line names them.
type Files struct {
	// Named tells whether the command line names the path.
	Named func(path string) bool
	Read  func(path string) ([]byte, error)
	Write func(path string, data []byte) error
}

// Forward has a command carried out at the other end of conn, which it closes,
// and returns its exit code. When ctx ends the command is asked to stop, and is
// waited for.
func Forward(ctx context.Context, conn net.Conn, request Request, stdout, stderr io.Writer, files Files) (code int, err error) {
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLost, err)
	}
	out := newWire(conn)
	stop := context.AfterFunc(ctx, func() { _ = out.send(frame{Cancel: true}) })
	defer stop()
	in := json.NewDecoder(conn)
	var file collector
	for {
		var f frame
		if err := in.Decode(&f); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrLost, err)
		}
		switch {
		case f.Exit != nil:
			return *f.Exit, nil
		case f.Read != "":
			err = files.give(out, f.Read)
		case f.Write != "":
			err = files.take(out, &file, f)
		default:
			err = print(stdout, stderr, f)
		}
		if err != nil {
			return 0, err
		}
	}
}

func print(stdout, stderr io.Writer, f frame) error {
	if _, err := stdout.Write(f.Out); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	_, err := stderr.Write(f.Err)
	return err
}

// give sends a file that the command line names: the service has no business
// with others, whoever it is.
func (s Files) give(out *wire, path string) error {
	if !s.Named(path) {
		return out.send(reply(fmt.Errorf("the command line does not name %s", path)))
	}
	data, err := s.Read(path)
	if err != nil {
		return out.send(reply(err))
	}
	return out.stream(data, frame{Reply: true})
}

// take writes a file that the command line names, once all of it is there.
func (s Files) take(out *wire, file *collector, f frame) error {
	whole, err := file.add(f)
	if err == nil && !whole {
		return nil
	}
	if err == nil && !s.Named(f.Write) {
		err = fmt.Errorf("the command line does not name %s", f.Write)
	}
	if err == nil {
		err = s.Write(f.Write, file.data)
	}
	file.data = nil
	return out.send(reply(err))
}

func reply(err error) frame {
	f := frame{Reply: true}
	if err != nil {
		f.Error = err.Error()
	}
	return f
}
