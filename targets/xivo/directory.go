package xivo

import (
	"context"
	"fmt"
	"sync"
)

// directory remembers what XiVO tells by its id: the names of CTI profiles and
// entities, the numbers of agents, and the ids of users whom we made.
type directory struct {
	mu      sync.Mutex
	names   map[string]map[int]string
	serials map[string]uint64
}

// nameOf returns the name of an object of the list at path, "" for id 0; the
// list is asked for once, and again for an id that it does not have.
func (c *Client) nameOf(ctx context.Context, path string, id int) (string, error) {
	if id == 0 {
		return "", nil
	}
	list, err := c.listing(ctx, path, func(list map[int]string) bool { _, known := list[id]; return known })
	if err != nil {
		return "", err
	}
	return list[id], nil
}

// idOf returns the id of the object with that name, 0 for none.
func (c *Client) idOf(ctx context.Context, path, name string) (int, error) {
	find := func(list map[int]string) int {
		for id, n := range list {
			if n == name {
				return id
			}
		}
		return 0
	}
	list, err := c.listing(ctx, path, func(list map[int]string) bool { return find(list) != 0 })
	return find(list), err
}

// listing returns the list at path, which is asked for unless it will do.
func (c *Client) listing(ctx context.Context, path string, do func(map[int]string) bool) (map[int]string, error) {
	c.ids.mu.Lock()
	defer c.ids.mu.Unlock()
	if list := c.ids.names[path]; do(list) {
		return list, nil
	}
	type item struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	items, err := listOf[item](ctx, c, path, nil)
	if err != nil {
		return nil, err
	}
	list := map[int]string{}
	for _, i := range items {
		list[i.ID] = i.Name
	}
	if c.ids.names == nil {
		c.ids.names = map[string]map[int]string{}
	}
	c.ids.names[path] = list
	return list, nil
}

// knowSerial remembers the id of a user whom we made.
func (c *Client) knowSerial(uuid string, serial uint64) {
	c.ids.mu.Lock()
	defer c.ids.mu.Unlock()
	if c.ids.serials == nil {
		c.ids.serials = map[string]uint64{}
	}
	c.ids.serials[uuid] = serial
}

// serial returns the id of the user, by which destinations name him.
func (e *errand) serial(ctx context.Context) (uint64, error) {
	c := e.client
	c.ids.mu.Lock()
	serial := c.ids.serials[e.change.Key]
	c.ids.mu.Unlock()
	if serial != 0 {
		return serial, nil
	}
	u, err := c.user(ctx, e.change.Key, nil)
	if err == nil && u.Serial == 0 {
		err = classified(e.object, fmt.Errorf("XiVO does not tell the id of user %s", e.change.Key))
	}
	if err == nil {
		c.knowSerial(e.change.Key, u.Serial)
	}
	return u.Serial, err
}
