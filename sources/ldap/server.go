package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// The controls and capabilities that matter here.
const (
	oidPaging    = "1.2.840.113556.1.4.319"
	oidAssertion = "1.3.6.1.1.12"
	oidPostRead  = "1.3.6.1.1.13.2"
	oidDirSync   = "1.2.840.113556.1.4.841"
	oidSyncrepl  = "1.3.6.1.4.1.4203.1.9.1.1"

	capabilityActiveDirectory = "1.2.840.113556.1.4.800"
)

// openLDAP is the vendor that OpenLDAP shows by its class only.
const openLDAP = "OpenLDAP"

// disabledInActiveDirectory is the bit that the "account is disabled" box sets.
const disabledInActiveDirectory = "(userAccountControl:1.2.840.113556.1.4.803:=2)"

// server is what the directory tells about itself.
type server struct {
	vendor          string
	activeDirectory bool
	contexts        []string
	controls        []string
	extensions      []string
	// id is the attribute with the immutable id, and version the one whose value
	// changes with every change; controller is the domain controller that counts.
	id, version, controller string
	// service is the name of the domain controller's own settings.
	service string
}

const serviceAttribute = "dsServiceName"

func (s *server) supports(oid string) bool { return slices.Contains(s.controls, oid) }

// discover fills in what the server is and how it names things.
func (d *Directory) discover(ctx context.Context, s *session) error {
	root, err := d.entry(ctx, s, "", []string{"*", "+"})
	if err != nil {
		return down(d.url, "read the root entry", err)
	}
	d.server = describe(root)
	if err := d.chooseID(ctx, s); err != nil {
		return down(d.cfg.Bases[0], "look for the immutable id", err)
	}
	if err := d.chooseVersion(ctx, s, root); err != nil {
		return down(d.url, "look for the version of entries", err)
	}
	if d.server.activeDirectory && d.cfg.Disabled == "" {
		d.cfg.Disabled = disabledInActiveDirectory
	}
	names, err := d.names(ctx, s, root.GetEqualFoldAttributeValue("subschemaSubentry"))
	if err != nil {
		return down(d.url, "read the schema", err)
	}
	d.layout, err = newLayout(d.cfg, d.server, names)
	return err
}

func describe(root *goldap.Entry) server {
	s := server{
		contexts:   root.GetEqualFoldAttributeValues("namingContexts"),
		controls:   root.GetEqualFoldAttributeValues("supportedControl"),
		extensions: root.GetEqualFoldAttributeValues("supportedExtension"),
		vendor: strings.TrimSpace(root.GetEqualFoldAttributeValue("vendorName") + " " +
			root.GetEqualFoldAttributeValue("vendorVersion")),
	}
	s.activeDirectory = slices.Contains(root.GetEqualFoldAttributeValues("supportedCapabilities"), capabilityActiveDirectory)
	if s.activeDirectory && s.vendor == "" {
		s.vendor = "Microsoft Active Directory"
	}
	if slices.Contains(root.GetEqualFoldAttributeValues("objectClass"), "OpenLDAProotDSE") {
		s.vendor = openLDAP
	}
	return s
}

// chooseID looks which id the first base has. A base that may not be read tells
// nothing, and is left to the listing to complain about.
func (d *Directory) chooseID(ctx context.Context, s *session) error {
	d.server.id = entryUUID
	if d.server.activeDirectory {
		d.server.id = objectGUID
		return nil
	}
	base, err := d.entry(ctx, s, d.cfg.Bases[0], []string{entryUUID, nsUniqueID, objectGUID})
	if lost(err) {
		return err
	}
	if err != nil {
		return nil
	}
	for _, id := range []string{entryUUID, nsUniqueID, objectGUID} {
		if base.GetEqualFoldAttributeValue(id) != "" {
			d.server.id = id
			return nil
		}
	}
	return nil
}

// chooseVersion finds out what stamps a change. Active Directory counts changes
// per domain controller, so the controller belongs to the stamp.
func (d *Directory) chooseVersion(ctx context.Context, s *session, root *goldap.Entry) error {
	d.server.version = "entryCSN"
	if !d.server.activeDirectory {
		return nil
	}
	d.server.version = "uSNChanged"
	d.server.service = root.GetEqualFoldAttributeValue(serviceAttribute)
	controller, err := d.entry(ctx, s, d.server.service, []string{"invocationId"})
	if lost(err) {
		return err
	}
	if err != nil {
		d.cfg.Log.Warn("invocation id of the domain controller cannot be read", "error", err)
		return nil
	}
	if raw := controller.GetEqualFoldRawAttributeValue("invocationId"); len(raw) == 16 {
		d.server.controller, _ = fromBinary(string(raw)) // the length is checked
	}
	return nil
}

// entry reads one entry by its DN; "" is the server's root entry.
func (d *Directory) entry(ctx context.Context, s *session, dn string, attributes []string) (*goldap.Entry, error) {
	res, err := d.search(ctx, s, query{base: dn, scope: goldap.ScopeBaseObject, filter: everything, attributes: attributes})
	if err != nil {
		return nil, err
	}
	if len(res.Entries) == 0 {
		return nil, goldap.NewError(goldap.LDAPResultNoSuchObject, fmt.Errorf("nothing is visible at %q", dn))
	}
	return res.Entries[0], nil
}
