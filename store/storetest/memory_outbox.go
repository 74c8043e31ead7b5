package storetest

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// Mails yields the mails, in order of their numbers.
func (m *Memory) Mails() iter.Seq2[record.Mail, error] {
	return list(m, func() (mails []record.Mail) {
		for _, mail := range m.mails {
			mails = append(mails, copyMail(mail))
		}
		return mails
	})
}

// PendingMails yields the mails that wait or are uncertain.
func (m *Memory) PendingMails() iter.Seq2[record.Mail, error] {
	return list(m, func() (mails []record.Mail) {
		for _, mail := range m.mails {
			if mail.Pending() {
				mails = append(mails, copyMail(mail))
			}
		}
		return mails
	})
}

// Mail reads one mail.
func (m *Memory) Mail(number uint64) (record.Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.mailAt(number)
	if at < 0 {
		return record.Mail{}, fmt.Errorf("mail %d is not in the store", number)
	}
	return copyMail(m.mails[at]), nil
}

func (m *Memory) mailAt(number uint64) int {
	return slices.IndexFunc(m.mails, func(mail record.Mail) bool { return mail.Number == number })
}

// UpdateMail stores how far a mail has come.
func (m *Memory) UpdateMail(mail record.Mail) error {
	return locked(m, func() error {
		at := m.mailAt(mail.Number)
		if at < 0 {
			return fmt.Errorf("mail %d is not in the store", mail.Number)
		}
		old := &m.mails[at]
		if old.Over() && !mail.Over() {
			return fmt.Errorf("mail %d is %s, and what it said is erased", mail.Number, old.State)
		}
		old.To, old.Tries, old.Next, old.State, old.Error = mail.To, mail.Tries, mail.Next, mail.State, mail.Error
		if old.Over() {
			old.Data = nil
		}
		return nil
	})
}

// post adds a mail, unless there is one of its key.
func (m *Memory) post(mail record.Mail) {
	if slices.ContainsFunc(m.mails, func(o record.Mail) bool { return o.Key == mail.Key }) {
		return
	}
	mail = copyMail(mail)
	mail.Number = uint64(len(m.mails)) + 1
	if mail.Over() {
		mail.Data = nil
	}
	m.mails = append(m.mails, mail)
}

// copyMail copies a mail with its data.
func copyMail(mail record.Mail) record.Mail {
	mail.Data = maps.Clone(mail.Data)
	return mail
}
