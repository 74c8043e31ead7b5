package reconcile

import (
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// harshness lists the removal policies, the mildest first.
var harshness = []RemovalPolicy{RemovalKeep, RemovalDeactivate, RemovalDelete}

// fate is the removal policy for a person. What a rule sets for the person goes
// before the general policy. An entry that still exists elsewhere is no leaver:
// of what a rule and out_of_scope say of it, the milder counts. Only the general
// policy is made two steps by delete_after: "deactivate" then means to delete
// after grace.
func (r Removal) fate(rule string, elsewhere bool) RemovalPolicy {
	policy := RemovalPolicy(rule)
	switch {
	case elsewhere && rule != "":
		return harshness[max(0, min(slices.Index(harshness, policy), slices.Index(harshness, r.OutOfScope)))]
	case elsewhere:
		return r.OutOfScope
	case rule != "":
		return policy
	case r.Policy == RemovalDeactivate && r.DeleteAfter > 0:
		return RemovalDelete
	}
	return r.Policy
}

// ruledRemoval is what a rule sets for somebody whose entry is listed.
func (e *Engine) ruledRemoval(p *person) string {
	return e.Settings.Rules.Resolve(p.attribute, p.entry.DN).Value(SetRemoval)
}

// graceOver tells whether somebody may be deleted by now: at once where there is
// no grace, else so long after the deactivation.
func (e *Engine) graceOver(l record.Link) bool {
	return e.Settings.Removal.DeleteAfter == 0 || l.Deactivated && !e.now().Before(e.deletion(l))
}

// deletion is when the grace of somebody who is deactivated ends.
func (e *Engine) deletion(l record.Link) time.Time { return l.Left.Add(e.Settings.Removal.DeleteAfter) }

// ripens tells whether somebody who is deactivated, and whose entry is not
// listed, may have to be deleted now: whether the entry is gone or elsewhere is
// not known yet.
func (e *Engine) ripens(l record.Link) bool {
	r := e.Settings.Removal
	deletes := r.fate(l.Removal, false) == RemovalDelete || r.fate(l.Removal, true) == RemovalDelete
	return deletes && (l.Left.IsZero() || e.graceOver(l))
}

// Deletes tells whether users may have to be deleted, by the general policies or
// by a rule.
func (s *Settings) Deletes() bool {
	r := s.Removal
	return r.fate("", false) == RemovalDelete || r.fate("", true) == RemovalDelete ||
		slices.ContainsFunc(s.Rules, func(rule Rule) bool { return rule.Set[SetRemoval] == string(RemovalDelete) })
}
