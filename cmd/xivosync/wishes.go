package main

import "sync"

// wishes are the runs that somebody asked for and that have not begun, with who
// did: the same one is made once.
type wishes struct {
	mu  sync.Mutex
	who map[string]string
}

// add notes a run, unless there is one like it: then it tells who asked for that.
// What is no run has no key.
func (w *wishes) add(key, who string) (by string) {
	if key == "" {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if by, there := w.who[key]; there {
		return by
	}
	if w.who == nil {
		w.who = map[string]string{}
	}
	w.who[key] = who
	return ""
}

// remove forgets a run that has begun.
func (w *wishes) remove(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.who, key)
}
