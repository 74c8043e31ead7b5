package xivo

import (
	"slices"
	"strings"
)

// userRequests are what Apply sends for users, and thingRequests what is read
// and sent for each thing. xivo-auth is asked for the rights to them: nothing is
// written to find out.
var (
	userRequests = []string{"GET /users/1", "POST /users", "PUT /users/1", "DELETE /users/1", "GET /incalls"}

	// deleteRequests are what is read before users are deleted, by thing; the
	// first of all of them.
	deleteRequests = map[string][]string{
		"": {
			"GET /users", "GET /users/1", "GET /users/1/funckeys", "GET /users/1/callpermissions", "GET /users/1/cti", "GET /cti_profiles",
			"GET /users/1/entities", "GET /entities", "GET /users/1/agents", "GET /users/1/voicemails", "GET /lines/1/users",
			"GET /groups", "GET /groups/1", "GET /incalls/1",
		},
		"extension": {"GET /lines/1", "GET /extensions/1", "GET /extensions/1/lines", "GET /endpoints/sip/1"},
		"did":       {"GET /incalls/1"},
		"voicemail": {"GET /voicemails/1"},
	}

	thingRequests = map[string][]string{
		"extension": {
			"GET /lines/1/users", "GET /lines", "GET /extensions", "GET /endpoints/sip",
			"POST /endpoints/sip", "POST /lines", "PUT /lines/1/endpoints/sip/1", "POST /extensions", "PUT /lines/1/extensions/1", "PUT /users/1/lines/1",
			"PUT /extensions/1", "PUT /endpoints/sip/1",
			"DELETE /users/1/lines/1", "DELETE /lines/1/extensions/1", "DELETE /lines/1/endpoints/sip/1", "DELETE /extensions/1", "DELETE /lines/1", "DELETE /endpoints/sip/1",
		},
		"did": {
			"GET /extensions", "POST /incalls", "POST /extensions", "PUT /incalls/1/extensions/1", "PUT /extensions/1",
			"PUT /incalls/1", "DELETE /incalls/1/extensions/1", "DELETE /incalls/1", "DELETE /extensions/1",
		},
		"voicemail": {
			"GET /users/1/voicemails", "GET /voicemails", "GET /voicemails/1/users", "POST /voicemails", "PUT /users/1/voicemails/1", "PUT /voicemails/1",
			"DELETE /users/1/voicemails", "DELETE /voicemails/1",
		},
		"agent": {
			"GET /users/1/agents", "PUT /users/1/agents/1", "DELETE /users/1/agents",
			"GET /queues/1/members/agents/1", "POST /queues/1/members/agents", "PUT /queues/1/members/agents/1", "DELETE /queues/1/members/agents/1",
		},
		"cti":    {"GET /cti_profiles", "GET /users/1/cti", "PUT /users/1/cti"},
		"entity": {"GET /entities", "GET /users/1/entities", "PUT /users/1/entities/1"},
	}
)

// rightsNeeded names the rights that are needed for what is mapped, once each.
func (c *Client) rightsNeeded() (rights []string) {
	requests := slices.Clone(userRequests)
	if c.conf.Deletes {
		for _, thing := range append([]string{""}, c.held...) {
			requests = append(requests, deleteRequests[thing]...)
		}
	}
	for _, thing := range c.held {
		requests = append(requests, thingRequests[thing]...)
	}
	for _, request := range requests {
		method, path, _ := strings.Cut(request, " ")
		if right := acl(method, path); !slices.Contains(rights, right) {
			rights = append(rights, right)
		}
	}
	return rights
}
