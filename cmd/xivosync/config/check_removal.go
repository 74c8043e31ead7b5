package config

import (
	"slices"

	"xivosync/reconcile"
)

// removal finds settings of deletions where nothing is ever deleted.
func (c *checker) removal() {
	r := c.cfg.Removal
	if c.has("removal") || c.deletes() {
		return
	}
	for key, set := range map[string]bool{"removal.delete_after": r.DeleteAfter.Std() > 0, "removal.delete_anyway": r.DeleteAnyway} {
		if set && !c.has(key) {
			c.add(key, `set removal.policy, removal.out_of_scope or a rule's removal to "delete"`, "has no effect: nobody is ever deleted")
		}
	}
}

// deletes tells whether some policy deletes users.
func (c *checker) deletes() bool {
	r := c.cfg.Removal
	return r.Policy == reconcile.RemovalDelete || r.OutOfScope == reconcile.RemovalDelete ||
		r.Policy == reconcile.RemovalDeactivate && r.DeleteAfter.Std() > 0 ||
		slices.ContainsFunc(c.cfg.Rules, func(rule Rule) bool { return rule.Set.Removal == string(reconcile.RemovalDelete) })
}
