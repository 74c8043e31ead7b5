package ldap

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

func offersDirSync(d *Directory) bool {
	return d.server.activeDirectory && d.server.supports(oidDirSync)
}

// dirSyncBytes is how much the server may send at once; it goes on in the next
// answer.
const dirSyncBytes = 1 << 20

// dirSyncPosition asks for the changes of nobody: the cookie says where the
// controller is.
func (d *Directory) dirSyncPosition(ctx context.Context, c *cursor) error {
	c.Cookies = map[string][]byte{}
	for _, part := range d.partitions() {
		sync := dirSync{d: d, context: part, filter: not(everything)}
		err := sync.all(ctx, func(*goldap.Entry) error { return nil })
		if answeredBy(err) { // mostly 50: the account may not
			d.cfg.Log.Debug("DirSync is refused", "base", part, "error", err)
			return errNotOffered
		}
		if err != nil {
			return err
		}
		c.Cookies[part] = sync.cookie
	}
	return nil
}

// dirSync asks for the changes of every partition that holds a base: DirSync
// knows no smaller base.
func (d *Directory) dirSync(ctx context.Context, c *cursor, ch *changes) error {
	visible, err := d.showsDeleted(ctx)
	if err != nil {
		return err
	}
	ch.blind = !visible
	for _, part := range d.partitions() {
		sync := dirSync{d: d, context: part, filter: everything, cookie: c.Cookies[part]}
		if len(sync.cookie) == 0 {
			return refused("the stored position is not of this part of the tree")
		}
		err := sync.all(ctx, func(e *goldap.Entry) error {
			id, err := d.idOf(e)
			if err != nil {
				return err
			}
			return ch.change(id)
		})
		var no *refusedError
		if !errors.As(err, &no) && answeredBy(err) {
			return refused("the controller refuses the position: %s", words(err))
		}
		if err != nil {
			return err
		}
		c.Cookies[part] = sync.cookie
	}
	return nil
}

// partitions are the naming contexts of the bases, each once.
func (d *Directory) partitions() []string {
	var out []string
	for _, base := range d.cfg.Bases {
		if c := d.contextOf(base); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// dirSync is a series of DirSync searches.
type dirSync struct {
	d       *Directory
	context string
	filter  string
	cookie  []byte
}

// all hands every changed entry to take, until the controller has no more.
func (ds *dirSync) all(ctx context.Context, take func(*goldap.Entry) error) error {
	q := query{base: ds.context, scope: goldap.ScopeWholeSubtree, filter: ds.filter, attributes: ds.d.watched()}
	for more := true; more; {
		// Without OBJECT_SECURITY only accounts that may replicate passwords could ask.
		q.controls = []goldap.Control{goldap.NewRequestControlDirSync(goldap.DirSyncObjectSecurity, dirSyncBytes, ds.cookie)}
		var res *goldap.SearchResult
		err := ds.d.ask(ctx, func(s *session) (err error) {
			res, err = ds.d.search(ctx, s, q)
			return err
		})
		if err != nil {
			return err
		}
		answer, ok := goldap.FindControl(res.Controls, goldap.ControlTypeDirSync).(*goldap.ControlDirSync)
		if !ok || len(answer.Cookie) == 0 {
			return errors.New("the answer lacks the DirSync control: the changes cannot be told from a part of them")
		}
		if more = answer.Flags != 0; more && slices.Equal(answer.Cookie, ds.cookie) && len(res.Entries) == 0 {
			return errors.New("the controller repeats an empty answer for ever")
		}
		ds.cookie = answer.Cookie
		for _, e := range res.Entries {
			if err := take(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// watched are the attributes whose changes matter: what is read, what the filters
// look at, and what changes when an entry is moved or deleted. A change of others
// (a logon, say) does not show.
func (d *Directory) watched() []string {
	out := []string{"name", "isDeleted"}
	for _, a := range slices.Concat(d.layout.request, filterAttributes(d.cfg.Filter), filterAttributes(d.cfg.Disabled)) {
		if a = typeOf(a); !strings.EqualFold(a, usnChanged) && !containsFold(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// filterAttribute is where an assertion begins: parentheses inside values are
// escaped.
var filterAttribute = regexp.MustCompile(`\(\s*([A-Za-z0-9][A-Za-z0-9.;-]*)`)

// filterAttributes lists the attributes that a filter looks at.
func filterAttributes(filter string) []string {
	var out []string
	for _, m := range filterAttribute.FindAllStringSubmatch(filter, -1) {
		out = append(out, m[1])
	}
	return out
}

// deletedObjects is the container where Active Directory keeps what was deleted,
// by its well-known id.
const (
	deletedObjects = "18E2EA80684F11D2B9AA00C04F79F805"
	oidShowDeleted = "1.2.840.113556.1.4.417"
)

// showsDeleted tells whether the account sees deleted objects. One that does not
// gets no error, but answers without them: of their container it reads nothing.
func (d *Directory) showsDeleted(ctx context.Context) (bool, error) {
	visible := true
	for _, part := range d.partitions() {
		q := query{
			base: "<WKGUID=" + deletedObjects + "," + part + ">", scope: goldap.ScopeBaseObject, filter: everything,
			attributes: []string{"isDeleted"}, controls: []goldap.Control{&control{oid: oidShowDeleted, critical: true}},
		}
		var res *goldap.SearchResult
		err := d.ask(ctx, func(s *session) (err error) {
			res, err = d.search(ctx, s, q)
			return err
		})
		if err != nil && !answeredBy(err) {
			return false, err
		}
		visible = visible && err == nil && len(res.Entries) == 1 && len(res.Entries[0].Attributes) > 0
	}
	return visible, nil
}
