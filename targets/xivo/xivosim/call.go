package xivosim

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// call is one request being answered. Handlers run under the sim's lock.
type call struct {
	*content
	sim    *Sim
	r      *http.Request
	params params
	cost   time.Duration // what a real confd was measured to take
}

// params are the variable parts of the path.
type params map[string]string

func (p params) id(name string) int {
	n, _ := strconv.Atoi(p[name])
	return n
}

// answer is what a handler gives back. Exactly one of body, stream and text is used.
type answer struct {
	status   int
	location string // path, made absolute when it is sent
	body     any    // written as JSON; nil for none
	stream   func(w io.Writer) error
	mime     string // of stream; default application/json
}

type handler func(c *call) (*answer, error)

func ok(body any) (*answer, error) { return &answer{status: http.StatusOK, body: body}, nil }
func noContent() (*answer, error)  { return &answer{status: http.StatusNoContent}, nil }
func emptyMethod(*call) (*answer, error) {
	return &answer{status: http.StatusMethodNotAllowed, body: ""}, nil
}

func created(location string, body any) (*answer, error) {
	return &answer{status: http.StatusCreated, location: location, body: body}, nil
}

// base is the scheme and host by which the client knows us.
func base(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// link is one entry of a resource's links.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// at names a resource by its address.
func (c *call) at(rel, path string, id int) link {
	return link{base(c.r) + "/1.1/" + path + "/" + strconv.Itoa(id), rel}
}

func (c *call) links(rel, path string, id int) []link { return []link{c.at(rel, path, id)} }

// page is the envelope of every list.
type page struct {
	Items any `json:"items"`
	Total int `json:"total"`
}

func pageOf[T any](items []T) page {
	if items == nil {
		items = []T{}
	}
	return page{items, len(items)}
}

// orNull is confd's view of a column where the empty string stands for null.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
