package reconcile

import (
	"maps"

	"xivosync/reconcile/record"
)

// Retold is what an onboarding mail says by what is known of the person now: it may
// have waited for days. The login and the secrets stay those that the user was made
// with, and what the state does not know stays as it was.
func (n Numbering) Retold(data map[string]string, s record.State) map[string]string {
	out := maps.Clone(data)
	site := n.Site(s.Person.Site)
	for name, thing := range map[string]record.Thing{
		MailExtension: record.Extension, MailVoicemail: record.Voicemail, MailAgent: record.Agent, MailDID: record.DID,
	} {
		b, known := s.Fields[string(thing)]
		if !known || thing == record.DID && site == nil {
			continue
		}
		switch now := record.Value(without(b.XiVO, b.GivenUp)).First(); {
		case now == "" || b.Retired:
			delete(out, name)
		case thing == record.DID:
			out[name] = n.dialled(now, site)
		default:
			out[name] = number(now)
		}
	}
	if out[MailVoicemail] == "" {
		delete(out, MailPIN)
	}
	if email := s.Fields["email"].XiVO.First(); email != "" {
		out[MailEmail] = email
	}
	return out
}
