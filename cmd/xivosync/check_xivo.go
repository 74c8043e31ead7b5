package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"xivosync/targets/xivo"
)

// lookAtXiVO asks for a token, for the rights, and for the survey.
func (i *inspection) lookAtXiVO(ctx context.Context) {
	i.section = "XiVO"
	pbx, err := newPBX(i.cfg, i.settings, i.log, nil)
	if err != nil {
		i.note(wrong, "", "%s", err)
		return
	}
	defer pbx.Close(ctx) // the token ends by itself
	can, err := pbx.Capabilities(ctx)
	if err != nil {
		i.note(wrong, hintOf(err, "check [xivo] url, auth_url, ca or fingerprint, username and password"), "%s", err)
		return
	}
	i.pbx = can.UUID
	i.note(right, "", "connected to %s as %s; its uuid is %s", i.cfg.XiVO.URL, i.cfg.XiVO.Username, can.UUID)
	i.rights(can)
	i.note(right, "", "it has %s", count(can.Users, "user"))
	if !can.Export || !can.Views {
		i.note(unusual, "this works, and takes some 3 ms of XiVO's time for each user in every run", "it has no export of users, so that each is read in full")
	}
}

// needed are the rights without which a run cannot do its work.
var needed = []string{"confd.infos.read", "confd.users.read", "confd.users.create", "confd.users.*.read", "confd.users.*.update"}

func (i *inspection) rights(can xivo.Capabilities) {
	if len(can.Refused) == 0 {
		i.note(right, "", "the user has the rights that are needed")
		return
	}
	for _, right := range can.Refused {
		state := unusual
		if slices.Contains(needed, right) {
			state = wrong
		}
		i.note(state, "give it to the web services user (Configuration > Management > Web Services Access; docs/accounts.md has the whole list), or confd.#", "the right %s is missing", right)
	}
}

// hintOf is the hint for a connection that failed, unless it is about a file
// that the message names already.
func hintOf(err error, hint string) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return ""
	}
	return hint
}
