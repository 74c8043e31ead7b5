package xivo

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"xivosync/reconcile/record"
)

// create makes the user with exactly the keys of the change. He is read back,
// at the latest after the last change of his: the answer to the POST shows what
// was sent (a NUL character, say), not what the database made of it.
func (j *job) create(ctx context.Context) (record.Record, error) {
	b, secrets, err := body(j.wishes)
	if err != nil {
		return record.Record{}, classified(j.object, err)
	}
	var found record.Record
	q := request{method: http.MethodPost, path: "/users", body: b, secrets: secrets}
	answer, err := j.write(ctx, q, func(ctx context.Context) (v verdict, err error) {
		v, found, err = j.created(ctx)
		return v, err
	})
	if err != nil {
		return record.Record{}, err
	}
	made := found
	if answer != nil {
		if made, err = j.client.parseUser(answer, j.names); err != nil {
			return record.Record{}, uncertain(j.object, "created, but the answer is not understood: "+err.Error(), err)
		}
	}
	j.client.knowSerial(made.ID, made.Serial)
	return j.outcome(ctx, made, answer == nil)
}

// created looks for the user by the identifier that the create carries.
func (j *job) created(ctx context.Context) (verdict, record.Record, error) {
	identifier := j.identifier()
	if identifier == "" {
		return unclear, record.Record{}, fmt.Errorf("the user to create has no identifier to look for")
	}
	found, err := j.client.find(ctx, identifier, j.names)
	switch {
	case err != nil:
		return unclear, record.Record{}, err
	case len(found) == 0:
		return undone, record.Record{}, nil
	case len(found) > 1:
		return unclear, record.Record{}, refused(j.object, fmt.Sprintf("several users carry the identifier %s: %s", identifier, list(found)))
	case !all(j.wishes, found[0], wish.holds):
		return unclear, record.Record{}, nil
	}
	return done, found[0], nil
}

// identifier returns the value that the create gives to the identifier's field.
func (j *job) identifier() string {
	for _, w := range j.wishes {
		if w.field.Name == j.client.conf.Identifier {
			return w.delta.After.First()
		}
	}
	return ""
}

// list names users.
func list(users []record.Record) string {
	var names []string
	for _, u := range users {
		names = append(names, fmt.Sprintf("%s (%s)", u.ID, u.Name))
	}
	return strings.Join(names, ", ")
}
