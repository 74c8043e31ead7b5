package sidetest_test

import (
	"testing"

	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"
)

func TestFakeIsASide(t *testing.T) {
	t.Run("ldap", func(t *testing.T) {
		sidetest.Run(t, func(*testing.T) sidetest.World {
			return world(sidetest.NewLDAP("uid", "givenName", "sn"), "givenName", "sn", "uid")
		})
	})
	t.Run("xivo", func(t *testing.T) {
		fields := []record.Field{{Name: "firstname", Required: true, Surveyed: true}, {Name: "lastname", Clearable: true, Surveyed: true}}
		sidetest.Run(t, func(*testing.T) sidetest.World {
			return world(sidetest.NewXiVO("userfield", fields), "firstname", "lastname", "userfield")
		})
	})
}

func world(f *sidetest.Fake, first, second, identifier string) sidetest.World {
	return sidetest.World{Side: f, Kind: f.Kind, First: first, Second: second, IdentifierName: identifier,
		Put: f.Put, Set: func(id, name, text string) { f.Set(id, name, text) }, Remove: f.Remove}
}
