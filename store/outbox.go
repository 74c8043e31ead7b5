package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// mailRow is how a mail is stored; its number is its key. The data is in the box
// until the mail is over.
type mailRow struct {
	stamp
	Key       text             `json:"key"`
	Link      uint64           `json:"link,omitempty"`
	Entry     text             `json:"entry,omitempty"`
	Person    personRow        `json:"person"`
	Run       uint64           `json:"run,omitempty"`
	To        text             `json:"to,omitempty"`
	Template  text             `json:"template,omitempty"`
	Box       []byte           `json:"box,omitempty"`
	MessageID text             `json:"message_id,omitempty"`
	Created   time.Time        `json:"created"`
	Tries     int              `json:"tries,omitempty"`
	Next      time.Time        `json:"next"`
	State     record.MailState `json:"state"`
	Error     text             `json:"error,omitempty"`
}

// Mails yields the mails, in order of their numbers.
func (db *DB) Mails() iter.Seq2[record.Mail, error] {
	return walk[record.Mail]{bucket: mailBucket, item: func(_ *bolt.Tx, k, v []byte) (record.Mail, bool, error) {
		m, err := db.seal.decodeMail(keyNumber(k), v)
		return m, true, err
	}}.in(db)
}

// PendingMails yields the mails that wait or are uncertain, in order of their
// numbers. The others, which are most, are not even decoded.
func (db *DB) PendingMails() iter.Seq2[record.Mail, error] {
	return walk[record.Mail]{bucket: mailBucket, item: func(_ *bolt.Tx, k, v []byte) (record.Mail, bool, error) {
		if !bytes.Contains(v, []byte(`"`+record.MailWaiting+`"`)) && !bytes.Contains(v, []byte(`"`+record.MailUncertain+`"`)) {
			return record.Mail{}, false, nil
		}
		m, err := db.seal.decodeMail(keyNumber(k), v)
		return m, m.Pending(), err
	}}.in(db)
}

// HasMail tells whether a mail of that key is in the outbox, whatever became of it.
func (db *DB) HasMail(key string) (has bool, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		has = mailKeyBucket.in(tx).Get([]byte(key)) != nil
		return nil
	})
	return has, err
}

// Mail reads one mail. The error wraps [ErrNotFound] when there is none of that
// number.
func (db *DB) Mail(number uint64) (m record.Mail, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		value, err := getMail(tx, number)
		if err == nil {
			m, err = db.seal.decodeMail(number, value)
		}
		return err
	})
	return m, err
}

func getMail(tx *bolt.Tx, number uint64) ([]byte, error) {
	value := mailBucket.in(tx).Get(numberKey(number))
	if value == nil {
		return nil, fmt.Errorf("mail %d: %w", number, ErrNotFound)
	}
	return value, nil
}

// UpdateMail stores how far a mail has come: its address, its tries, the next one, its
// state and error. Whose state says that it is over loses its data for good, and cannot
// be sent again.
func (db *DB) UpdateMail(m record.Mail) error {
	return db.update(func(tx *bolt.Tx) error {
		value, err := getMail(tx, m.Number)
		if err != nil {
			return err
		}
		var row mailRow
		if err := decode(numberKey(m.Number), value, &row); err != nil {
			return fmt.Errorf("mail %d: %w", m.Number, err)
		}
		if (record.Mail{State: row.State}).Over() && !m.Over() {
			return fmt.Errorf("mail %d is %s, and what it said is erased", m.Number, row.State)
		}
		row.To, row.Tries, row.Next, row.State, row.Error = text(m.To), m.Tries, m.Next, m.State, text(m.Error)
		if m.Over() {
			row.Box = nil
		}
		return putMailRow(tx, m.Number, &row)
	})
}

// putMail stores a new mail, unless there is one of its key.
func (db *DB) putMail(tx *bolt.Tx, m record.Mail) (err error) {
	if m.Key == "" {
		return fmt.Errorf("mail to %s has no key", m.Person.Label())
	}
	keys := mailKeyBucket.in(tx)
	if keys.Get([]byte(m.Key)) != nil {
		return nil
	}
	if m.Number, err = mailBucket.in(tx).NextSequence(); err != nil {
		return err
	}
	if err := keys.Put([]byte(m.Key), numberKey(m.Number)); err != nil {
		return fmt.Errorf("mail %d: %w", m.Number, err)
	}
	row := &mailRow{
		Key: text(m.Key), Link: m.Link, Entry: text(m.Entry), Person: newPersonRow(m.Person), Run: m.Run, To: text(m.To), Template: text(m.Template),
		MessageID: text(m.MessageID), Created: m.Created, Tries: m.Tries, Next: m.Next, State: m.State, Error: text(m.Error),
	}
	if !m.Over() && m.Data != nil {
		plain, err := json.Marshal(textsOf(m.Data))
		if err != nil {
			return err
		}
		if row.Box, err = db.seal.seal(plain, mailPlace(m.Number)); err != nil {
			return fmt.Errorf("mail %d: %w", m.Number, err)
		}
	}
	return putMailRow(tx, m.Number, row)
}

func putMailRow(tx *bolt.Tx, number uint64, row *mailRow) error {
	value, err := encode(numberKey(number), row)
	if err != nil {
		return fmt.Errorf("mail %d: %w", number, err)
	}
	return mailBucket.rising(tx).Put(numberKey(number), value)
}

// mailPlace is what binds a box to its mail.
func mailPlace(number uint64) string { return fmt.Sprintf("mail %d", number) }

// decodeMail reads a mail. One whose box cannot be opened has no data.
func (s *sealer) decodeMail(number uint64, value []byte) (record.Mail, error) {
	var row mailRow
	if err := decode(numberKey(number), value, &row); err != nil {
		return record.Mail{}, fmt.Errorf("mail %d: %w", number, err)
	}
	m := record.Mail{
		Number: number, Key: string(row.Key), Link: row.Link, Entry: string(row.Entry), Person: row.Person.person(), Run: row.Run, To: string(row.To),
		Template: string(row.Template), MessageID: string(row.MessageID), Created: row.Created, Tries: row.Tries, Next: row.Next,
		State: row.State, Error: string(row.Error),
	}
	if row.Box == nil {
		return m, nil
	}
	plain, err := s.open(row.Box, mailPlace(number))
	if errors.Is(err, errUnreadable) {
		return m, nil
	}
	var data map[string]text
	if err == nil {
		err = json.Unmarshal(plain, &data)
	}
	if err != nil {
		return m, fmt.Errorf("mail %d: %w", number, err)
	}
	m.Data = make(map[string]string, len(data))
	for k, v := range data {
		m.Data[k] = string(v)
	}
	return m, nil
}

func textsOf(data map[string]string) map[string]text {
	out := make(map[string]text, len(data))
	for k, v := range data {
		out[k] = text(v)
	}
	return out
}
