package xivo

import "context"

// doubtShared makes everybody doubtful who has a line or a mailbox that somebody
// else has as well: the survey gives the secondary user of a line the number of
// its main user.
func (r *roster) doubtShared() {
	lines, mailboxes := map[string]int{}, map[[2]string]int{}
	share := func(i, j int, known bool) {
		if known {
			r.people[i].doubtful, r.people[j].doubtful = true, true
		}
	}
	for i := range r.people {
		k := r.evidence(i)
		if k[lineID] != "" {
			j, known := lines[k[lineID]]
			share(i, j, known)
			lines[k[lineID]] = i
		}
		if box := [2]string{k[mailboxNumber], k[mailboxContext]}; box[0] != "" {
			j, known := mailboxes[box]
			share(i, j, known)
			mailboxes[box] = i
		}
	}
}

// evidence unpacks what is known of the things of the person at i.
func (r *roster) evidence(i int) (k clues) {
	rest := r.people[i].cells
	for j := range r.columns {
		var text string
		if text, _, rest = unpack(rest); r.clues[j] >= 0 {
			k[r.clues[j]] = text
		}
	}
	return k
}

// nameAgents asks for the agents, once, if anybody has one. A XiVO
// that does not tell them leaves the agents of those people alone.
func (c *Client) nameAgents(ctx context.Context, r *roster) error {
	if !c.manages("agent") {
		return nil
	}
	for i := range r.people {
		if noAgent(r.evidence(i)[agentID]) {
			continue
		}
		agents, err := c.agentsByID(ctx)
		r.agents = agents
		return err
	}
	return nil
}
