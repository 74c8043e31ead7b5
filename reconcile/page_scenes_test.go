package reconcile_test

import (
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// scenes make a conflict of each kind, in each way that offers something else.
var scenes = map[record.ConflictKind][]func(testing.TB) *world{
	record.ConflictField: {settled(func(w *world, entry string) {
		w.ldap.Set(entry, "mail", "l@parts.test")
		w.xivo.Set(w.user("ann"), "email", "x@parts.test")
	})},
	record.Contested: {settled(func(w *world, _ string) {
		for range 4 {
			w.xivo.Set(w.user("ann"), "lastname", "Mine")
			w.run()
		}
	})},
	record.EmptyBlocked:  {settled(func(w *world, _ string) { w.xivo.Set(w.user("ann"), "email") })},
	record.RequiredEmpty: {settled(func(w *world, entry string) { w.ldap.Set(entry, "givenName") })},
	record.ResourceExists: {settled(func(w *world, entry string) {
		w.xivo.Put("", map[string]string{"email": "taken@parts.test", "firstname": "Door"})
		w.ldap.Set(entry, "mail", "taken@parts.test")
	}), settled(func(w *world, entry string) {
		w.ldap.Set(entry, "mail", "wanted@parts.test")
		w.person("bob", "mail", "wanted@parts.test")
	})},
	record.NumberTaken: {func(t testing.TB) *world {
		w, _ := ringWorld(t, 2)
		w.settings.Numbering.Sites[0].Pool = []reconcile.Range{{First: "1000", Last: "1001"}}
		w.person("new", "login", "new")
		w.run()
		return w
	}},
	record.NumberInvalid: {settled(func(w *world, entry string) { w.ldap.Set(entry, "mobile", "ask Bob") })},
	record.OutOfRange: {func(t testing.TB) *world {
		w, ids := ringWorld(t, 2)
		w.ldap.Set(ids[0], "ipPhone", "2500")
		w.run()
		return w
	}},
	record.AmbiguousValue: {settled(func(w *world, entry string) { w.ldap.Set(entry, "mail", "a@parts.test", "b@parts.test") })},
	record.Immutable: {func(t testing.TB) *world {
		w := newWorld(t, append(usualFields(), *thingMapping("entity", record.Entity, "company", true))...)
		id := w.person("ann", "company", "branch")
		w.run()
		w.ldap.Set(id, "company", "works")
		w.run()
		return w
	}},
	record.Rejected: {settled(func(w *world, entry string) { w.ldap.Set(entry, "sn", strings.Repeat("x", 200)) }), settled(func(w *world, entry string) {
		w.xivo.Ignores = map[string]bool{"lastname": true}
		w.ldap.Set(entry, "sn", "New")
		w.run()
	}), settled(func(w *world, entry string) {
		w.xivo.Refuse = refusing(record.XiVO, record.Refused, "lastname")
		w.ldap.Set(entry, "sn", "New")
	})},
	record.UnknownOutcome: {settled(func(w *world, entry string) {
		w.xivo.Refuse = refusing(record.XiVO, record.Uncertain, "lastname")
		w.ldap.Set(entry, "sn", "Two")
	})},
	record.DuplicateIdentifier: {settled(func(w *world, _ string) { w.person("ann") })},
	record.IdentifierReused: {settled(func(w *world, entry string) {
		w.ldap.Remove(entry)
		w.ldap.Put("ann", map[string]string{"givenName": "New", "sn": "Hire", "mail": "new@parts.test"})
	})},
	record.IdentifierChanged: {settled(func(w *world, entry string) { w.ldap.Set(entry, "uid", "anna") })},
	record.UserMissing: {settled(func(w *world, _ string) {
		w.people(3)
		w.run()
		w.xivo.Remove(w.user("ann"))
	}), settled(func(w *world, _ string) {
		w.people(3)
		w.run()
		w.xivo.Remove(w.user("ann"))
		w.run()
		w.xivo.Put("ann", map[string]string{"firstname": "Ann", "lastname": "Parts"})
	})},
}

// settled is a scene with ann in step on both sides, then something that happens,
// and a run.
func settled(happens func(w *world, entry string)) func(testing.TB) *world {
	return func(t testing.TB) *world {
		w := newWorld(t)
		openGuards(w)
		entry := w.person("ann", "mobile", "0612345678")
		w.run()
		happens(w, entry)
		w.run()
		return w
	}
}
