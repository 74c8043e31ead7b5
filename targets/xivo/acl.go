package xivo

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// actions are the words of an ACL for the verbs of a request.
var actions = map[string]string{
	http.MethodGet:    "read",
	http.MethodPut:    "update",
	http.MethodPost:   "create",
	http.MethodDelete: "delete",
}

// acl names the right that confd wants for a request: "confd.users.*.update"
// for PUT /users/UUID. An id is written as the star under which one would grant
// the right for all of them.
func acl(method, path string) string {
	words := []string{"confd"}
	for _, word := range strings.Split(strings.Trim(path, "/"), "/") {
		if isID(word) {
			word = "*"
		}
		words = append(words, strings.ReplaceAll(word, ".", "_"))
	}
	return strings.Join(append(words, actions[method]), ".")
}

// isID tells whether a part of a path is an integer id or a uuid.
func isID(word string) bool {
	if uuid.Validate(word) == nil {
		return true
	}
	return word != "" && strings.Trim(word, "0123456789") == ""
}
