package xivo_test

import (
	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

// The client is what the engine needs of a side.
var (
	_ reconcile.Side     = (*xivo.Client)(nil)
	_ reconcile.Identity = (*xivo.Client)(nil)
)
