package xivosim

import "net/http"

// Web is the web interface: its agents service.
func (s *Sim) Web() http.Handler { return http.NotFoundHandler() }
