package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// TestPendingMails are those that wait or are uncertain, whatever the texts in others
// look like.
func TestPendingMails(t *testing.T) {
	db := openTest(t, newPath(t), Options{})
	var want []uint64
	for n, state := range []record.MailState{record.MailWaiting, record.MailSent, record.MailUncertain, record.MailFailed, record.MailDropped} {
		m := storetest.Mail(string(state))
		m.State, m.Template, m.To = state, "waiting", `"waiting"`
		if err := db.Keep(reconcile.Effect{Mails: []record.Mail{m}}); err != nil {
			t.Fatal(err)
		}
		if m.Pending() {
			want = append(want, uint64(n)+1)
		}
	}
	var got []uint64
	for _, m := range collect(t, db.PendingMails()) {
		if m.Data == nil {
			t.Errorf("mail %d says nothing", m.Number)
		}
		got = append(got, m.Number)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for key, want := range map[string]bool{"sent": true, "waiting": true, "nobody": false} {
		if has := must[bool](t)(db.HasMail(key)); has != want {
			t.Errorf("%s: %v", key, has)
		}
	}
}
