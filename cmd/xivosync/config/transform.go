package config

import "xivosync/reconcile"

// keys counts the keys that a transform has.
func (t Transform) keys() int {
	n := 0
	for _, set := range []bool{
		t.Trim, t.Case != "", t.Replace != nil, t.Map != nil, t.Default != "", t.Split != nil, t.Number != "",
	} {
		if set {
			n++
		}
	}
	return n
}

// engine returns the transform as the engine takes it.
func (t Transform) engine() reconcile.Transform {
	out := reconcile.Transform{Trim: t.Trim, Case: t.Case, Map: t.Map, Default: t.Default, Number: t.Number}
	if t.Replace != nil {
		out.Replace = &reconcile.Replace{Pattern: t.Replace.Pattern, With: t.Replace.With}
	}
	if t.Split != nil {
		out.Split = &reconcile.Split{By: t.Split.By, Part: t.Split.Part}
	}
	return out
}

// engineChain turns a list of them.
func engineChain(list []Transform) []reconcile.Transform {
	var out []reconcile.Transform
	for _, t := range list {
		out = append(out, t.engine())
	}
	return out
}
