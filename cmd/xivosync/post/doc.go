// Package post sends what is in the outbox.
//
// Invariants:
//
//   - a mail is uncertain in the store from before the relay is told anything of it
//     until the relay's answer is in the store, too: whoever is killed in between
//     leaves it uncertain, and it is reported once, and not sent again by itself;
//
//   - a mail that a relay refused for now is tried again for five days, less and less
//     often, and then reported as failed: none is forgotten;
//
//   - trouble with the relay is no error of Send, only trouble with the store is.
//
//     office := &post.Office{Outbox: db, Relay: relay, Letters: letters, Now: time.Now}
//     result, err := office.Send(ctx)
package post
