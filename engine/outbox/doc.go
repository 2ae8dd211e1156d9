// Package outbox sends out what campaigns hand to the server: webhooks and
// e-mails, each at least once.
//
//	visit ─ one commit ─► ledger o <due> <id> ─► Outbox ─► receiver
//	                              ▲                │
//	                              └── again later ─┤ 5xx, 429, no answer
//	                                               ├── taken: forgotten, fsync
//	                                               └── refused, or 24 h: kept to be looked at
//
// Nothing goes out before it is durable. What is sent is known by its id, which
// is the same however often it is sent: a crash between the receiver's answer and
// our note of it sends it once more. A webhook carries the id as Idempotency-Key,
// an e-mail as its Message-ID.
//
// # A webhook's signature
//
// Omo-Signature is t=<seconds since 1970>,v1=<hex>, where v1 is the HMAC-SHA256
// of the timestamp, a full stop and the body, under the webhook secret. A
// receiver checks it so, and refuses what is older than five minutes:
//
//	mac := hmac.New(sha256.New, []byte(secret))
//	fmt.Fprintf(mac, "%s.%s", t, body)
//	good := hmac.Equal([]byte(v1), []byte(hex.EncodeToString(mac.Sum(nil))))
//
// # Where a webhook may go
//
// Over https to a public address: the address that is dialled is checked, not
// the name, so that a name that turns into a private address does not get
// there. No redirects, no proxy, five seconds, 64 KiB of an answer. Hosts that
// the operator allows by name may be private and may be plain http.
package outbox
