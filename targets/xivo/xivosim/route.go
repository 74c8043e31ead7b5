package xivosim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// route is one address of confd with its methods.
type route struct {
	path    string // "users/{user}/lines/{line}"
	acl     string // what follows "confd."; empty for routes that need confd.#
	open    bool   // answers without credentials
	newer   bool   // absent from 16.14
	methods map[string]handler
	parts   []string
}

// methods is a route's table of what answers which method.
type methods = map[string]handler

var (
	wholeNumber = regexp.MustCompile(`^[0-9]+$`)
	uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

// matchPart tells whether a part of the path fits: users go by number or
// uuid, devices by any text, everything else that varies by number.
func matchPart(pattern, part string) bool {
	switch {
	case !strings.HasPrefix(pattern, "{"):
		return pattern == part
	case pattern == "{user}":
		return wholeNumber.MatchString(part) || uuidPattern.MatchString(part)
	case pattern == "{uuid}":
		return uuidPattern.MatchString(part)
	case pattern == "{device}":
		return part != ""
	}
	return wholeNumber.MatchString(part)
}

func (rt *route) match(parts []string) (params, bool) {
	if len(parts) != len(rt.parts) {
		return nil, false
	}
	p := params{}
	for i, pattern := range rt.parts {
		if !matchPart(pattern, parts[i]) {
			return nil, false
		}
		if strings.HasPrefix(pattern, "{") {
			p[strings.Trim(pattern, "{}")] = parts[i]
		}
	}
	return p, true
}

// scope is the ACL a request needs, with the path's values put in.
func (rt *route) scope(method string, p params) string {
	if rt.acl == "" {
		return "confd.#"
	}
	action := map[string]string{http.MethodPut: "update", http.MethodPost: "create", http.MethodDelete: "delete"}[method]
	if action == "" {
		action = "read"
	}
	scope := "confd." + rt.acl + "." + action
	for name, value := range p {
		scope = strings.ReplaceAll(scope, "{"+name+"}", strings.ReplaceAll(value, ".", "_"))
	}
	return scope
}

// handler finds what answers a method; HEAD is a GET whose body is dropped.
func (rt *route) handler(method string) handler {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return rt.methods[method]
}

// allow is the value of the Allow header.
func (rt *route) allow() string {
	var list []string
	for _, m := range []string{http.MethodHead, http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if rt.handler(m) != nil {
			list = append(list, m)
		}
	}
	return strings.Join(append(list, http.MethodOptions), ", ")
}

// find returns the route of a path, nil when there is none.
func (s *Sim) find(path string) (*route, params) {
	rest, ok := strings.CutPrefix(path, "/1.1/")
	if !ok {
		return nil, nil
	}
	parts := strings.Split(rest, "/")
	for _, rt := range s.routes {
		if rt.newer && s.opt.Version == Version1614 {
			continue
		}
		if p, ok := rt.match(parts); ok {
			return rt, p
		}
	}
	return nil, nil
}

// allRoutes is everything confd answers to, resource by resource.
func allRoutes() []*route {
	routes := slices.Concat(
		basicRoutes(), userRoutes(), entityRoutes(), contextRoutes(), profileRoutes(),
		lineRoutes(), endpointRoutes(), extensionRoutes(), voicemailRoutes(), incallRoutes(),
		lineEndpointRoutes(), lineExtensionRoutes(), userLineRoutes(), userVoicemailRoutes(), incallExtensionRoutes(),
		userAgentRoutes(), queueRoutes(), deviceRoutes(), groupRoutes(), funcKeyRoutes(), permissionRoutes(),
	)
	for _, rt := range routes {
		rt.parts = strings.Split(rt.path, "/")
	}
	return routes
}
