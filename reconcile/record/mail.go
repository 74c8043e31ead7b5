package record

import (
	"encoding/json"
	"time"
)

// MailState is where a mail stands.
type MailState string

// The states of a mail. One that is sent or dropped is over, and its data is
// erased; of one that is uncertain nobody knows whether the server took it.
const (
	MailWaiting   MailState = "waiting"
	MailSent      MailState = "sent"
	MailFailed    MailState = "failed"
	MailUncertain MailState = "uncertain"
	MailDropped   MailState = "dropped"
)

// Mail is one mail that goes out once.
type Mail struct {
	// Number is given by the store.
	Number uint64
	// Key says what the mail is for: of two mails of one key only the first goes
	// out.
	Key string
	// Link, Entry and Person are whom it is about, and Run is where it comes from.
	Link   uint64
	Entry  string
	Person Person
	Run    uint64
	To     string
	// Template names the text, and Data fills it in. Data may hold credentials: it
	// is never shown, and nil once it is erased, or where the store's key is lost.
	Template string
	Data     map[string]string
	// MessageID is chosen before the first try, and the same in each.
	MessageID string
	Created   time.Time
	// Tries counts them; the next one is not before Next, which is zero once there
	// is none.
	Tries int
	Next  time.Time
	State MailState
	// Error is what the server said last.
	Error string
}

// Over tells whether the mail will never be sent again.
func (m Mail) Over() bool { return m.State == MailSent || m.State == MailDropped }

// Pending tells whether the mail waits, or nobody knows whether it was sent.
func (m Mail) Pending() bool { return m.State == MailWaiting || m.State == MailUncertain }

// MarshalJSON writes the mail under keys that other programs may rely on, without
// its data.
func (m Mail) MarshalJSON() ([]byte, error) {
	var next *time.Time
	if !m.Over() && !m.Next.IsZero() {
		next = &m.Next
	}
	return json.Marshal(struct {
		ID uint64 `json:"id"`
		Person
		Run       uint64     `json:"run"`
		To        string     `json:"to"`
		Template  string     `json:"template"`
		MessageID string     `json:"message_id"`
		Created   time.Time  `json:"created"`
		Tries     int        `json:"tries"`
		Next      *time.Time `json:"next"`
		State     MailState  `json:"state"`
		Error     string     `json:"error"`
	}{m.Number, m.Person, m.Run, m.To, m.Template, m.MessageID, m.Created, m.Tries, next, m.State, m.Error})
}
