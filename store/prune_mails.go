package store

import (
	"bytes"
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// mailsStay is how long a mail stays in any case: what is written once a day is known
// by it, and a guard counts the mails of a day.
const mailsStay = 48 * time.Hour

// letterStays is how long what a mail says is kept that was refused for good, or is
// uncertain: the days of its tries, and a month in which somebody may look after it.
const letterStays = 35 * 24 * time.Hour

// removeMails removes the mails that were sent, dropped or refused for good together
// with the run that they are from; one that is from no run, as soon as a run of that
// age would go. What still waits or is uncertain stays.
func (db *DB) removeMails(limit, now time.Time) error {
	if young := now.Add(-mailsStay); limit.After(young) {
		limit = young
	}
	old := walk[record.Mail]{bucket: mailBucket, item: func(tx *bolt.Tx, k, v []byte) (m record.Mail, gone bool, err error) {
		var row mailRow
		if err := decode(k, v, &row); err != nil {
			return m, false, err
		}
		m = record.Mail{Number: keyNumber(k), Key: string(row.Key), State: row.State}
		known := row.Run > 0 && runBucket.in(tx).Get(numberKey(row.Run)) != nil
		return m, !m.Pending() && !known && row.Created.Before(limit), nil
	}}
	var gone []record.Mail
	for m, err := range old.in(db) {
		if err != nil {
			return err
		}
		gone = append(gone, m)
	}
	return inBatches(db, gone, func(tx *bolt.Tx, m record.Mail) error {
		if err := mailKeyBucket.in(tx).Delete([]byte(m.Key)); err != nil {
			return err
		}
		return mailBucket.in(tx).Delete(numberKey(m.Number))
	})
}

// eraseLetters erases what the mails say that nobody looked after for so long. They
// stay, and so does what became of them.
func (db *DB) eraseLetters(now time.Time) error {
	limit := now.Add(-letterStays)
	stale := walk[uint64]{bucket: mailBucket, item: func(_ *bolt.Tx, k, v []byte) (uint64, bool, error) {
		if !bytes.Contains(v, []byte(`"box":`)) {
			return 0, false, nil
		}
		var row mailRow
		err := decode(k, v, &row)
		return keyNumber(k), row.State != record.MailWaiting && row.Created.Before(limit), err
	}}
	var found []uint64
	for number, err := range stale.in(db) {
		if err != nil {
			return err
		}
		found = append(found, number)
	}
	return inBatches(db, found, func(tx *bolt.Tx, number uint64) error {
		value, err := getMail(tx, number)
		if err != nil {
			return err
		}
		var row mailRow
		if err := decode(numberKey(number), value, &row); err != nil {
			return err
		}
		row.Box = nil
		return putMailRow(tx, number, &row)
	})
}
