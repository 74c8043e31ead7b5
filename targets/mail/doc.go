// Package mail writes and sends the mails of xivosync: to people who got a phone,
// and to those who look after the telephony.
//
// Invariants:
//
//   - a mail is sent once or not at all: its Message-ID is fixed before the first
//     try, and what may have been delivered is [Uncertain], never tried again by
//     itself;
//
//   - nothing that a directory holds reaches a header unencoded, or a page
//     unescaped;
//
//   - no body reaches a log or an error.
//
//     letters, err := mail.Templates("/etc/xivosync/mail")
//     letter, err := letters.Write("onboarding", "fr_FR", data)
//     relay, err := mail.NewRelay(mail.Config{Host: "smtp.example.org", From: "telephony@example.org"})
//     err = relay.Send(ctx, mail.Message{ID: id, To: "ann@example.org", Letter: letter})
package mail
