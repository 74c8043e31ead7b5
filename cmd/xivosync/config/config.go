// Package config reads xivosync's one TOML file.
//
// The types of this package are the only source of the reference, the defaults
// and the error texts: each key's meaning, unit, default, choices and range
// stand in the tags of its field, as they would be written in the file.
// [Reference] lists them, [Parse] enforces them.
//
// A file is right as a whole or refused as a whole, with every error at once
// ([Errors]), each with the line that it belongs to. Secrets are never in the
// file: a [Secret] is a reference, resolved when it is used.
//
//	cfg, err := config.Load("/etc/xivosync/xivosync.toml")
//	settings, err := cfg.Settings(xivo.Fields())
package config

import (
	"xivosync/reconcile"
	"xivosync/targets/mail"
)

// Config is the whole file.
type Config struct {
	LDAP       LDAP             `toml:"ldap" doc:"the directory"`
	XiVO       XiVO             `toml:"xivo" doc:"the PBX"`
	State      State            `toml:"state" doc:"what is remembered between runs"`
	Identifier Identifier       `toml:"identifier" doc:"what pairs an entry with a user"`
	Numbering  Numbering        `toml:"numbering" doc:"how numbers are written and given out"`
	Fields     map[string]Field `toml:"fields" doc:"one table for each field of XiVO that is kept in step, named like the field"`
	Rules      []Rule           `toml:"rule" doc:"settings that depend on the entry; the first rule that matches decides each setting"`
	Removal    Removal          `toml:"removal" doc:"what happens to the user of an entry that is gone"`
	Guard      Guard            `toml:"guard" doc:"thresholds that stop a run before it writes"`
	Report     Report           `toml:"report" doc:"reports on disk"`
	Mail       Mail             `toml:"mail" json:",omitzero" doc:"mails to people who got a phone, and to those who look after the telephony"`
	Schedule   Schedule         `toml:"schedule" json:",omitzero" doc:"when serve makes a run of each kind"`
	Serve      Serve            `toml:"serve" json:",omitzero" doc:"the service"`
	Metrics    Metrics          `toml:"metrics" json:",omitzero" doc:"figures for Prometheus"`
	Contacts   Contacts         `toml:"contacts" json:"-" doc:"a contact sheet of the directory's people for XiVO's directory server"`
	Log        Log              `toml:"log" doc:"what is logged on stderr"`
}

// LDAP is how the directory is reached, and which entries count.
type LDAP struct {
	URL        Texts    `toml:"url" required:"true" doc:"ldaps://HOST[:PORT], ldap:// with start_tls = true, or ldapi://%2FPATH; a list is tried in order, the first that answers is kept for the run"`
	StartTLS   bool     `toml:"start_tls" default:"false" doc:"switch an ldap:// connection to TLS before the bind"`
	BindDN     string   `toml:"bind_dn" doc:"who reads and writes the directory (on Active Directory also user@domain); empty binds anonymously"`
	Password   Secret   `toml:"password" doc:"reference of the bind password: file:PATH, env:NAME or cred:NAME"`
	Base       string   `toml:"base" doc:"DN under which people are looked for"`
	Bases      []string `toml:"bases" doc:"several of them, in place of base"`
	Filter     string   `toml:"filter" default:"'(objectClass=person)'" doc:"LDAP filter of the entries that are kept in step"`
	Disabled   string   `toml:"disabled" doc:"LDAP filter of accounts that are switched off; empty: on Active Directory the account's own flag, elsewhere none"`
	Groups     string   `toml:"groups" default:"'auto'" choices:"auto|memberof|list" doc:"how the members of the groups that rules and conditions name are found: by the memberOf of each person, or by reading those groups; auto reads them where the directory shows nobody's memberOf"`
	CA         string   `toml:"ca" path:"" doc:"PEM file with the authorities to trust; empty: those of the system"`
	ServerName string   `toml:"server_name" doc:"name that the server's certificate must bear; empty: the host of the url"`
	PageSize   int      `toml:"page_size" default:"500" min:"1" max:"10000" doc:"entries asked for at a time"`
	Timeout    Duration `toml:"timeout" default:"'30s'" min:"1s" max:"1h" doc:"the longest wait for one answer"`
}

// XiVO is how the PBX is reached.
type XiVO struct {
	URL         string         `toml:"url" required:"true" doc:"address of confd, such as https://xivo.example.org:9486"`
	AuthURL     string         `toml:"auth_url" doc:"address of xivo-auth; empty: the same host, port 9497"`
	WebURL      string         `toml:"web_url" doc:"address of the web interface, whose service makes agents; empty: the same host"`
	Queues      map[string]int `toml:"queues" doc:"ids of the queues that rules name, such as support = 3: XiVO tells nobody the ids of its queues, the address of the queue's page in the web interface has it"`
	AgentdURL   string         `toml:"agentd_url" doc:"address of xivo-agentd; empty: not used"`
	Username    string         `toml:"username" doc:"web services user with the rights of accounts.md; empty: XiVO knows this host by its address"`
	Password    Secret         `toml:"password" doc:"reference of its password: file:PATH, env:NAME or cred:NAME"`
	CA          string         `toml:"ca" path:"" doc:"PEM file with the certificate or authority to trust; empty: those of the system"`
	Fingerprint string         `toml:"fingerprint" doc:"sha256:HEX of the server's certificate, in place of ca"`
	Timeout     Duration       `toml:"timeout" default:"'60s'" min:"1s" max:"1h" doc:"the longest wait for one answer"`
	Writers     int            `toml:"writers" default:"1" min:"1" max:"8" doc:"how many people are written at the same time; XiVO is not quicker with more"`
}

// State is where the store lies and how long it remembers.
type State struct {
	Path     string   `toml:"path" path:"" default:"'/var/lib/xivosync/state.db'" doc:"file of the store"`
	Key      Secret   `toml:"key" doc:"reference of the key that seals secrets in the store; empty: the file state.key beside it, made at first use"`
	KeepRuns int      `toml:"keep_runs" default:"1000" min:"1" max:"1000000" doc:"so many of the newest runs stay in the journal"`
	KeepFor  Duration `toml:"keep_for" default:"'400d'" min:"1d" max:"36500d" doc:"and so do all runs that are not older"`
}

// Identifier is the attribute and the field that carry the same value on both
// sides. It is never transformed.
type Identifier struct {
	LDAP string `toml:"ldap" required:"true" doc:"attribute that names a person for good, such as objectGUID, entryUUID or employeeNumber"`
	XiVO string `toml:"xivo" required:"true" doc:"field of XiVO's user that carries it; description for a GUID"`
}

// Numbering says how phone numbers are understood and written.
type Numbering struct {
	Region     string                 `toml:"region" doc:"ISO 3166 code of the country whose numbers are written without country code, such as FR"`
	LDAPFormat reconcile.NumberFormat `toml:"ldap_format" default:"'international'" choices:"internal|national|international|e164" doc:"how numbers are written into the directory"`
	Sites      []Site                 `toml:"site" doc:"places with their number ranges"`
}

// Site is a place with its number ranges.
type Site struct {
	Name       string                 `toml:"name" required:"true" doc:"what rules and reports call the site"`
	Context    string                 `toml:"context" required:"true" doc:"XiVO's context of the internal numbers"`
	Extensions string                 `toml:"extensions" doc:"ranges that XiVO's context allows, such as 1000-1999, 2500-2599; empty: any short number"`
	Pool       string                 `toml:"pool" doc:"ranges from which free numbers are taken; empty: none are given out"`
	DIDContext string                 `toml:"did_context" doc:"XiVO's context of incoming calls; empty: the site has no direct numbers"`
	DIDBlock   string                 `toml:"did_block" doc:"block of the operator, such as +33 4 72 10 10 00-99: derives DID and extension from one another"`
	Prefix     string                 `toml:"prefix" doc:"digits that a derived internal number has before the last ones of the public number"`
	DIDFormat  reconcile.NumberFormat `toml:"did_format" default:"'national'" choices:"national|e164" doc:"how the operator delivers numbers: 0472101023 or 33472101023"`
	DIDLength  int                    `toml:"did_length" min:"0" max:"20" doc:"how many digits of that the operator delivers, from the end; 0: all"`
	LDAPFormat reconcile.NumberFormat `toml:"ldap_format" choices:"internal|national|international|e164" doc:"how direct numbers of this site are written into the directory; empty: as numbering.ldap_format says"`
}

// Field says where a field of XiVO comes from and how it travels.
type Field struct {
	LDAP        Texts                  `toml:"ldap" doc:"LDAP attribute that the field belongs to"`
	Direction   reconcile.Direction    `toml:"direction" default:"'to_xivo'" choices:"to_xivo|to_ldap|both|initial|none" doc:"which way values travel; initial is sent when the user is created and never compared afterwards (the default of passwords), none is declared and left alone"`
	Conflict    reconcile.Take         `toml:"conflict" default:"'manual'" choices:"manual|ldap|xivo" doc:"who wins where both sides were changed"`
	Initial     reconcile.Take         `toml:"initial" default:"'ldap'" choices:"ldap|xivo|conflict" doc:"who wins at first sight where both sides hold something"`
	Drift       reconcile.DriftPolicy  `toml:"drift" default:"'restore'" choices:"restore|keep" doc:"what happens to a value that was changed on the side that is not trusted"`
	Pick        reconcile.Pick         `toml:"pick" default:"'only'" choices:"only|first|matches" doc:"which value of an attribute with several is taken"`
	PickPattern string                 `toml:"pick_pattern" doc:"regular expression of pick = \"matches\""`
	Transform   []Transform            `toml:"transform" doc:"steps from the attribute's value to the field's, in order"`
	ToLDAP      []Transform            `toml:"to_ldap" doc:"steps of the way back, where the steps of transform cannot be turned round"`
	Format      reconcile.NumberFormat `toml:"format" choices:"internal|national|international|e164" doc:"how the number of an extension, a did or a voicemail is written into the directory; empty: internal, but as the site says for a did"`
	When        string                 `toml:"when" doc:"LDAP filter of the entries that have this thing; empty: all"`
	OnClear     reconcile.OnClear      `toml:"on_clear" default:"'deactivate'" choices:"deactivate|keep|delete" doc:"what becomes of a thing whose attribute was emptied, or whose condition no longer holds"`
}

// Transform is one step between the two sides: exactly one of its keys is set.
type Transform struct {
	Trim    bool                   `toml:"trim" doc:"drops blanks around the text"`
	Case    string                 `toml:"case" choices:"lower|upper|title" doc:"writes the text in that case"`
	Replace *Replace               `toml:"replace" doc:"replaces what a regular expression matches"`
	Map     map[string]string      `toml:"map" doc:"replaces whole texts by a table; a text that is not in it is reported"`
	Default string                 `toml:"default" doc:"stands where the attribute is empty"`
	Split   *Split                 `toml:"split" doc:"keeps one part of the text"`
	Number  reconcile.NumberFormat `toml:"number" choices:"internal|national|international|e164" doc:"writes a phone number in that format"`
}

// Replace is a regular expression (RE2) and what stands in its place.
type Replace struct {
	Pattern string `toml:"pattern" required:"true" doc:"regular expression (RE2)"`
	With    string `toml:"with" doc:"what stands in place of each match; $1, $2 are groups"`
}

// Split cuts a text and keeps one part.
type Split struct {
	By   string `toml:"by" required:"true" doc:"text at which to cut"`
	Part int    `toml:"part" required:"true" doc:"which part: 1 is the first, -1 the last"`
}

// Rule is what holds for the entries that match.
type Rule struct {
	Name string `toml:"name" doc:"what why and reports call the rule; empty: its number"`
	When When   `toml:"when" doc:"which entries: all that is given has to hold; {} is everybody"`
	Set  Set    `toml:"set" doc:"what they get"`
}

// When is the condition of a rule.
type When struct {
	Attribute string `toml:"attribute" doc:"attribute that equals or matches looks at"`
	Equals    string `toml:"equals" doc:"the attribute has this value, in upper or lower case"`
	Matches   string `toml:"matches" doc:"the whole of a value matches this regular expression (RE2)"`
	Group     string `toml:"group" doc:"the entry is a member of this group (DN)"`
	Under     string `toml:"under" doc:"the entry lies under this DN"`
	Filter    string `toml:"filter" doc:"anything else, as an LDAP filter of = and *, and, or, not"`
}

// Set is what a rule sets.
type Set struct {
	Site                    string  `toml:"site" doc:"site of [[numbering.site]]"`
	Context                 string  `toml:"context" doc:"XiVO's context of the internal number, in place of the site's"`
	DIDContext              string  `toml:"did_context" doc:"XiVO's context of incoming calls, in place of the site's"`
	Entity                  string  `toml:"entity" doc:"XiVO's entity"`
	CTI                     string  `toml:"cti" doc:"XiVO's CTI profile"`
	Language                string  `toml:"language" doc:"language of the user, the mailbox and the agent, such as fr_FR"`
	Voicemail               *bool   `toml:"voicemail" doc:"whether there is a voicemail"`
	Queues                  []Queue `toml:"queues" doc:"queues that the agent is a member of; [] is none"`
	DIDDestination          string  `toml:"did_destination" choices:"user|voicemail" doc:"where direct numbers lead: to the user, or to the person's mailbox"`
	DIDRingTime             *int    `toml:"did_ring_time" min:"1" max:"3600" doc:"seconds that a direct number rings"`
	DIDCallerIDMode         string  `toml:"did_caller_id_mode" choices:"prepend|overwrite|append" doc:"what did_caller_id_name does to the caller's name"`
	DIDCallerIDName         string  `toml:"did_caller_id_name" doc:"text that goes with the caller's name"`
	DIDSubroutine           string  `toml:"did_subroutine" doc:"preprocess subroutine of direct numbers"`
	VoicemailEmail          string  `toml:"voicemail_email" doc:"where the mailbox reports messages"`
	VoicemailLanguage       string  `toml:"voicemail_language" doc:"language of the mailbox, in place of language"`
	VoicemailTimezone       string  `toml:"voicemail_timezone" doc:"XiVO's time zone of the mailbox, such as eu-fr"`
	VoicemailAskPassword    *bool   `toml:"voicemail_ask_password" doc:"whether the mailbox asks for its PIN"`
	VoicemailAttachAudio    *bool   `toml:"voicemail_attach_audio" doc:"whether the e-mail brings the message"`
	VoicemailDeleteMessages *bool   `toml:"voicemail_delete_messages" doc:"whether a message is deleted once it was sent"`
	VoicemailMaxMessages    *int    `toml:"voicemail_max_messages" min:"0" max:"9999" doc:"so many messages fit into the mailbox"`
	AgentLanguage           string  `toml:"agent_language" doc:"language of the agent, in place of language"`
	AgentGroup              *int    `toml:"agent_group" min:"1" max:"63" doc:"number of the agent's group"`
	Removal                 string  `toml:"removal" choices:"keep|deactivate|delete" doc:"what happens to the user when the entry is gone, in place of removal.policy; outside filter or base the milder of this and out_of_scope"`
	MailTemplate            string  `toml:"mail_template" doc:"template of the onboarding mail"`
}

// Queue is a queue that an agent is a member of.
type Queue struct {
	Name    string `toml:"name" required:"true" doc:"name of the queue"`
	Penalty int    `toml:"penalty" min:"0" max:"100" doc:"penalty of the agent in it"`
}

// Removal says when an entry counts as gone, and what happens then.
type Removal struct {
	Policy       reconcile.RemovalPolicy `toml:"policy" default:"'deactivate'" choices:"keep|deactivate|delete" doc:"what happens to the user of an entry that is gone"`
	DeleteAfter  Duration                `toml:"delete_after" min:"1d" max:"36500d" doc:"such as 30d: with policy deactivate or delete, deactivate first and delete after that time; empty: no grace"`
	OutOfScope   reconcile.RemovalPolicy `toml:"out_of_scope" default:"'deactivate'" choices:"keep|deactivate|delete" doc:"the same for an entry that still exists outside filter or base"`
	AbsentRuns   int                     `toml:"absent_runs" default:"2" min:"1" max:"1000" doc:"complete runs that must have missed the entry"`
	AbsentFor    Duration                `toml:"absent_for" default:"'24h'" min:"0s" max:"3650d" doc:"and the time that must have passed since the first of them"`
	Reserve      string                  `toml:"reserve" default:"'release'" choices:"release|strict" doc:"whether a number of a deactivated person can be claimed by another entry"`
	DeleteAnyway bool                    `toml:"delete_anyway" default:"false" doc:"delete even where other people's keys and calls point to the user"`
}

// Guard is the thresholds that stop a run. A limit is the larger of count and
// share, never above cap; it counts people over the last 24 hours plus the plan.
type Guard struct {
	Removals     Limit            `toml:"removals" default:"{ count = 5, share = 0.05, cap = 50 }" doc:"deactivations and deletions"`
	Clears       Limit            `toml:"clears" default:"{ count = 20, share = 0.05, cap = 50 }" doc:"fields emptied"`
	Renumberings Limit            `toml:"renumberings" default:"{ count = 20, share = 0.1, cap = 200 }" doc:"numbers changed"`
	Creates      Limit            `toml:"creates" default:"{ count = 50, share = 0.3 }" doc:"users created"`
	Updates      Limit            `toml:"updates" default:"{ count = 50, share = 0.3 }" doc:"users changed"`
	Writebacks   Limit            `toml:"writebacks" default:"{ count = 20, share = 0.02, cap = 200 }" doc:"directory entries changed"`
	Mails        Limit            `toml:"mails" default:"{ count = 50 }" doc:"mails that would go out"`
	Canaries     []string         `toml:"canaries" doc:"identifiers that every listing of the directory must show"`
	OnTrip       reconcile.OnTrip `toml:"on_trip" default:"'stop'" choices:"stop|hold" doc:"stop the run, or hold only the kind that tripped"`
}

// Limit is the threshold of one guard.
type Limit struct {
	Count int     `toml:"count" min:"0" max:"1000000" doc:"people"`
	Share float64 `toml:"share" min:"0" max:"1" doc:"fraction of the linked people, 0 to 1"`
	Cap   int     `toml:"cap" min:"0" max:"1000000" doc:"never above this; 0: no cap"`
}

// Report is where reports are left.
type Report struct {
	Dir string `toml:"dir" path:"" doc:"folder for the report of each run, and latest.html; none is ever removed. Empty: none is written"`
}

// Mail is how mails leave, and what they tell. Without a host there are none.
type Mail struct {
	Host        string                `toml:"host" doc:"mail relay; empty: no mails"`
	Port        int                   `toml:"port" default:"0" min:"0" max:"65535" doc:"its port; 0: that of security, 587, 465 or 25"`
	Security    mail.Security         `toml:"security" default:"'starttls'" choices:"starttls|tls|none" doc:"how the connection is protected; none only for a relay on this machine"`
	CA          string                `toml:"ca" path:"" doc:"PEM file with the authorities to trust; empty: those of the system"`
	ServerName  string                `toml:"server_name" doc:"name that the relay's certificate must bear; empty: the host"`
	Username    string                `toml:"username" doc:"who logs in to the relay; empty: nobody does"`
	Password    Secret                `toml:"password" doc:"reference of its password: file:PATH, env:NAME or cred:NAME"`
	Timeout     Duration              `toml:"timeout" default:"'30s'" min:"1s" max:"10m" doc:"the longest wait for one answer of the relay"`
	From        string                `toml:"from" doc:"who the mails are from: ADDRESS or NAME <ADDRESS>"`
	ReplyTo     string                `toml:"reply_to" doc:"who gets the answers; empty: the sender"`
	Templates   string                `toml:"templates" path:"" doc:"folder of templates such as onboarding.fr.txt and onboarding.fr.html, which stand in place of the built-in ones in English and French"`
	Language    string                `toml:"language" default:"'en'" doc:"language of the mails to people of whom neither a rule nor the field language tells one, and of reports"`
	Credentials reconcile.Credentials `toml:"credentials" default:"'none'" choices:"none|initial_password|reset_hint" doc:"what an onboarding mail tells of the ways in: no secret; the first password of the CTI login and the PIN of the mailbox; or the PIN, and a word to ask for a password"`
	Admins      []string              `toml:"admins" doc:"addresses that get a report when a guard stopped a run, and of new conflicts"`
	Digest      string                `toml:"digest" doc:"time of day such as 07:00 at which the service, or the first run or outbox send after which, sends admins what happened in 24 hours; empty: never"`
}

// Schedule is when "xivosync serve" makes a run of each kind. What comes due while
// a run is going is made up for once; the deeper run does for the shallower.
type Schedule struct {
	Incremental Times    `toml:"incremental" default:"'5m'" doc:"runs that read what changed: a duration such as 5m, or a cron expression such as */5 6-20 * * mon-fri; empty: none"`
	Full        Times    `toml:"full" default:"'1h'" doc:"runs that read all of the directory"`
	Audit       Times    `toml:"audit" default:"'15 4 * * *'" doc:"runs that also read every user of XiVO in full"`
	TimeZone    string   `toml:"time_zone" doc:"zone of the cron expressions and of mail.digest, such as Europe/Paris; empty: that of the machine"`
	Jitter      Duration `toml:"jitter" default:"'0s'" min:"0s" max:"1h" doc:"each run begins later by a random time up to this, so that several services do not begin together"`
}

// Serve is how "xivosync serve" is commanded and stopped.
type Serve struct {
	Socket     string   `toml:"socket" path:"" doc:"path of the control socket; empty: the path of the store with .sock behind it"`
	StopWithin Duration `toml:"stop_within" default:"'60s'" min:"1s" max:"1h" doc:"how long the change at hand may take to end when the service is stopped"`
}

// Metrics is where figures for Prometheus are.
type Metrics struct {
	Listen   string `toml:"listen" doc:"address such as 127.0.0.1:9817 at which serve has /metrics and /health; empty: none"`
	Textfile string `toml:"textfile" path:"" doc:"file for the textfile collector of Prometheus' node exporter, its name ends with .prom, written after each run; empty: none"`
}

// Contacts is the contact sheet that XiVO's directory server reads.
type Contacts struct {
	File     string                 `toml:"file" path:"" doc:"CSV file that holds the sheet, columns parted by |, replaced as a whole; empty: none"`
	Listen   string                 `toml:"listen" doc:"address such as 192.0.2.5:9818 at which serve answers GET /contacts?search=TEXT and ?phone=NUMBER; empty: none"`
	Allow    []string               `toml:"allow" doc:"addresses and networks that may ask, such as 192.0.2.10 or 10.0.0.0/8; without any and without username: only this machine"`
	Username string                 `toml:"username" doc:"who may ask from elsewhere, by basic authentication"`
	Password Secret                 `toml:"password" doc:"reference of its password: file:PATH, env:NAME or cred:NAME"`
	Limit    int                    `toml:"limit" default:"100" min:"1" max:"10000" doc:"the most rows that a search answers with"`
	Every    Duration               `toml:"every" default:"'15m'" min:"0s" max:"7d" doc:"the sheet is made anew after a run, but not more often than this"`
	Numbers  reconcile.NumberFormat `toml:"numbers" default:"'national'" choices:"national|international|e164" doc:"how public numbers stand in the sheet, without blanks"`
	Fields   []ContactField         `toml:"field" doc:"columns, in order, at most 14; the mapped numbers follow them: extension, did and mobile_phone_number"`
}

// ContactField is one column of the contact sheet.
type ContactField struct {
	Label     string      `toml:"label" required:"true" doc:"name of the column, to which XiVO's directory definition refers"`
	LDAP      string      `toml:"ldap" required:"true" doc:"LDAP attribute"`
	Transform []Transform `toml:"transform" doc:"steps from the attribute's value to the column's, in order"`
	Search    bool        `toml:"search" default:"true" doc:"whether a search looks at the column"`
}

// Log is what is logged on stderr.
type Log struct {
	Level  string `toml:"level" default:"'info'" choices:"trace|debug|info|warn|error" doc:"the least urgent level that is logged"`
	Format string `toml:"format" default:"'text'" choices:"text|json" doc:"for people or for programs"`
}
