package reconcile

import (
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// noteMails lists the mails of the runs that went out: they cannot be taken back.
// Those that still wait are about somebody who is no more, and are dropped.
func (b *rollback) noteMails(p *Plan, runs []uint64) error {
	who := map[string]*person{}
	for _, w := range p.people {
		who[w.entryID()] = w
	}
	for m, err := range b.Store.Mails() {
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		w := who[m.Entry]
		if w == nil || !slices.Contains(runs, m.Run) {
			continue
		}
		switch m.State {
		case record.MailSent:
			p.Notes = append(p.Notes, Note{w.Who(), "mail", fmt.Sprintf("a mail to %s went out and cannot be taken back", m.To)})
		case record.MailUncertain:
			p.Notes = append(p.Notes, Note{w.Who(), "mail", fmt.Sprintf("a mail to %s may have gone out, and cannot be taken back", m.To)})
		case record.MailWaiting, record.MailFailed:
			if w.deletes() || w.user == nil && w.undo.restored[wholePerson] { // or taken down before a crash
				w.undo.mails = append(w.undo.mails, m)
			}
		}
	}
	return nil
}

// dropMails ends the mails of people who were taken down before these went out.
func (r *runner) dropMails(plan *Plan) error {
	for _, p := range plan.people {
		for _, m := range p.undo.mails {
			if p.user != nil && p.next.User != "" { // still there
				continue
			}
			m.State, m.Error = record.MailDropped, fmt.Sprintf("rollback as run %d took the user down", r.report.Number)
			if err := r.Store.UpdateMail(m); err != nil {
				return err
			}
		}
	}
	return nil
}
