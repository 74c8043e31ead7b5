package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// engine returns the site as the engine takes it. The error joins a
// [*reconcile.KeyError] for each key that cannot be read.
func (s Site) engine(region string) (reconcile.Site, error) {
	var errs []error
	note := func(key string, err error) {
		if err != nil {
			errs = append(errs, &reconcile.KeyError{Key: key, Err: err})
		}
	}
	out := reconcile.Site{
		Name: s.Name, Context: s.Context, DIDContext: s.DIDContext, Prefix: s.Prefix,
		DIDFormat: s.DIDFormat, DIDLength: s.DIDLength, LDAP: s.LDAPFormat,
	}
	reads := s
	reads.Pool, reads.LDAPFormat = "", "" // they change nothing of what is read
	out.Fingerprint = digest(reads)[:16]
	var err error
	out.Extensions, err = reconcile.ParseRanges(s.Extensions)
	note("extensions", err)
	out.Pool, err = reconcile.ParseRanges(s.Pool)
	note("pool", err)
	if s.DIDBlock != "" {
		out.Block, err = reconcile.ParseBlock(s.DIDBlock, region)
		note("did_block", err)
	}
	return out, errors.Join(errs...)
}

// sites returns all of them, in their order.
func (c *Config) sites() ([]reconcile.Site, error) {
	var sites []reconcile.Site
	for i, s := range c.Numbering.Sites {
		site, err := s.engine(c.Numbering.Region)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", index("numbering.site", i), err)
		}
		sites = append(sites, site)
	}
	return sites, nil
}

// thing fills in what concerns things.
func (f Field) thing(m *reconcile.Mapping) (err error) {
	if m.Field.Thing == record.User {
		return nil
	}
	m.OnClear, m.Format = f.OnClear, f.Format
	if f.When != "" {
		m.When, err = reconcile.ParseFilter(f.When)
	}
	return err
}

// rules returns all of them, in their order.
func (c *Config) rules() (reconcile.Rules, error) {
	var rules reconcile.Rules
	for i, r := range c.Rules {
		when, err := r.When.engine()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", index("rule", i), err)
		}
		rule := reconcile.Rule{Name: r.Name, When: when, Set: r.Set.texts(), Queues: c.queues(r.Set)}
		if rule.Name == "" {
			rule.Name = fmt.Sprintf("rule %d", i+1)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// engine returns the condition as the engine takes it. The error joins a
// [*reconcile.KeyError] for each key that cannot be read.
func (w When) engine() (reconcile.Condition, error) {
	out := reconcile.Condition{Attribute: w.Attribute, Equals: w.Equals, Group: w.Group, Under: w.Under}
	var errs []error
	var err error
	if w.Matches != "" {
		if out.Matches, err = reconcile.WholeMatch(w.Matches); err != nil {
			errs = append(errs, &reconcile.KeyError{Key: "matches", Err: err})
		}
	}
	if w.Filter != "" {
		if out.Filter, err = reconcile.ParseFilter(w.Filter); err != nil {
			errs = append(errs, &reconcile.KeyError{Key: "filter", Err: err})
		}
	}
	return out, errors.Join(errs...)
}

// texts are the settings by name, without the queues.
func (s Set) texts() map[string]string {
	set := map[string]string{}
	for name, value := range map[string]string{
		reconcile.SetSite: s.Site, reconcile.SetContext: s.Context, reconcile.SetDIDContext: s.DIDContext,
		reconcile.SetEntity: s.Entity, reconcile.SetCTI: s.CTI, reconcile.SetLanguage: s.Language,
		"did_destination": s.DIDDestination, "did_caller_id_mode": s.DIDCallerIDMode, "did_caller_id_name": s.DIDCallerIDName, "did_subroutine": s.DIDSubroutine,
		"voicemail_email": s.VoicemailEmail, "voicemail_language": s.VoicemailLanguage, "voicemail_timezone": s.VoicemailTimezone,
		"agent_language":     s.AgentLanguage,
		reconcile.SetRemoval: s.Removal, reconcile.SetMailTemplate: s.MailTemplate,
	} {
		if value != "" {
			set[name] = value
		}
	}
	for name, value := range map[string]*bool{
		reconcile.SetVoicemail: s.Voicemail, "voicemail_ask_password": s.VoicemailAskPassword,
		"voicemail_attach_audio": s.VoicemailAttachAudio, "voicemail_delete_messages": s.VoicemailDeleteMessages,
	} {
		if value != nil {
			set[name] = strconv.FormatBool(*value)
		}
	}
	for name, value := range map[string]*int{
		"did_ring_time": s.DIDRingTime, "voicemail_max_messages": s.VoicemailMaxMessages, "agent_group": s.AgentGroup,
	} {
		if value != nil {
			set[name] = strconv.Itoa(*value)
		}
	}
	return set
}

// queues keeps "none at all" apart from "not set".
func (c *Config) queues(s Set) []reconcile.AgentQueue {
	if s.Queues == nil {
		return nil
	}
	queues := make([]reconcile.AgentQueue, len(s.Queues))
	for i, q := range s.Queues {
		queues[i] = reconcile.AgentQueue{ID: c.XiVO.Queues[q.Name], Name: q.Name, Penalty: q.Penalty}
	}
	return queues
}

// The forms of names in XiVO.
var (
	contextName  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,39}$`)
	queueName    = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	languageName = regexp.MustCompile(`^[a-z]{2}_[A-Z]{2}$`)
)
