package main

import (
	"strings"

	"xivosync/reconcile"
)

// configuration tells what is kept in step.
func (i *inspection) configuration(path string) {
	i.section = "Configuration"
	i.note(right, "", "%s", path)
	i.note(right, "", "people are paired by %s in the directory and %s in XiVO", i.settings.Identifier.LDAP, i.settings.Identifier.XiVO)
	byDirection := map[reconcile.Direction][]string{}
	for _, m := range i.settings.Fields {
		byDirection[m.Direction] = append(byDirection[m.Direction], m.Field.Name)
	}
	for _, d := range []reconcile.Direction{reconcile.ToXiVO, reconcile.Both, reconcile.ToLDAP, reconcile.Initial, reconcile.None} {
		if names := byDirection[d]; len(names) > 0 {
			i.note(right, "", "%s: %s", directionWords[d], strings.Join(names, ", "))
		}
	}
}

var directionWords = map[reconcile.Direction]string{
	reconcile.ToXiVO:  "from the directory to XiVO",
	reconcile.ToLDAP:  "from XiVO to the directory",
	reconcile.Both:    "both ways",
	reconcile.Initial: "when a user is created",
	reconcile.None:    "left alone",
}
