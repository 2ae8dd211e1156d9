package outbox_test

import (
	"crypto/tls"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

// A postOffice is an SMTP server that asks for TLS and a password.
type postOffice struct {
	addr string
	cert *receiver // whose certificate it uses

	mu     sync.Mutex
	mails  []delivered
	refuse *smtp.SMTPError // of whoever is written to; nil takes everything
}

type delivered struct{ from, to, text string }

func openPost(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{cert: receiving(t)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{office: o}, nil }))
	server.Domain, server.ErrorLog = "mail.example", log.New(io.Discard, "", 0)
	server.TLSConfig = &tls.Config{Certificates: o.cert.TLS.Certificates}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { server.Close(); <-done })
	return o
}

func (o *postOffice) settings(user string) func(*outbox.Options) {
	return func(to *outbox.Options) {
		o.cert.trust(to)
		to.SMTP = "smtp://" + user + o.addr + "?from=shop@example.com"
	}
}

func (o *postOffice) got() []delivered {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]delivered{}, o.mails...)
}

// counter is one client's session.
type counter struct {
	office *postOffice
	known  bool
	mail   delivered
}

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "shop" || password != "p@ss" {
			return smtp.ErrAuthFailed
		}
		c.known = true
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	if !c.known {
		return smtp.ErrAuthRequired
	}
	c.mail.from = from
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if c.office.refuse != nil {
		return c.office.refuse
	}
	c.mail.to = to
	return nil
}

func (c *counter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	c.mail.text = string(text)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.mails = append(c.office.mails, c.mail)
	return err
}

func (c *counter) Reset()        { c.mail = delivered{} }
func (c *counter) Logout() error { return nil }

var letter = engine.Letter{ID: "018f-1", Kind: "email", Campaign: "booking", Visitor: "ann", To: "ann@example.com",
	Subject: "明日のご相談です Bcc: x@evil.example", Body: "開始 10:00\nhttps://shop.example/room\n.\nまた明日", Unsubscribe: "https://shop.example/stop?who=u1"}

func TestAMailArrivesAsWritten(t *testing.T) {
	t.Parallel()
	p, office := open(t), openPost(t)
	b := p.box(office.settings("shop:p%40ss@"))
	p.hand(letter)
	p.runs(b, p.empty(b))
	got := office.got()
	if len(got) != 1 || got[0].from != "shop@example.com" || got[0].to != "ann@example.com" {
		t.Fatalf("%+v", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(got[0].text))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": "<shop@example.com>", "To": "<ann@example.com>", "Message-Id": "<018f-1@127.0.0.1>", "Bcc": "", "Auto-Submitted": "auto-generated",
		"List-Unsubscribe": "<https://shop.example/stop?who=u1>", "Date": "Tue, 01 Dec 2026 09:00:00 +0000", "Content-Type": "text/plain; charset=UTF-8",
		"Subject": letter.Subject,
	} {
		text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(name))
		if err != nil || text != want {
			t.Errorf("%s: %q, want %q (%v)", name, text, want, err)
		}
	}
	body, err := io.ReadAll(decoded(m))
	if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || strings.TrimRight(text, "\n") != letter.Body {
		t.Errorf("body %q, %v", text, err)
	}
}

// decoded reads a body that is in quoted-printable or as it is.
func decoded(m *mail.Message) io.Reader {
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		return quotedprintable.NewReader(m.Body)
	}
	return m.Body
}

// What the SMTP server says decides as with a webhook: not now, or never.
func TestMailsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		refuse *smtp.SMTPError
		user   string
		says   string
		again  bool
	}{
		"mailbox full":   {&smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}, "shop:p%40ss@", "mailbox full", true},
		"no such user":   {&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}, "shop:p%40ss@", "no such mailbox", false},
		"wrong password": {nil, "shop:wrong@", "auth", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, office := open(t), openPost(t)
			office.refuse = row.refuse
			b := p.box(office.settings(row.user))
			p.hand(letter)
			p.runs(b, p.tried(b, 1))
			e := p.list(b)[0]
			if e.Due.IsZero() == row.again || !strings.Contains(strings.ToLower(e.Error), row.says) || strings.Contains(e.Error, "p@ss") {
				t.Errorf("%+v", e)
			}
			if n := len(office.got()); n != 0 {
				t.Errorf("%d mails", n)
			}
		})
	}
}

// Without TLS that it trusts nothing is said to a server, and without a server
// mail waits.
func TestMailWaitsForItsServer(t *testing.T) {
	t.Parallel()
	p, office := open(t), openPost(t)
	strangers := p.box(func(o *outbox.Options) {
		office.settings("shop:p%40ss@")(o)
		receiving(t).trust(o)
		o.Roots = o.Roots.Clone()
		o.SMTP = strings.Replace(o.SMTP, "127.0.0.1", "localhost", 1) // which the certificate does not name
	})
	p.hand(letter)
	p.runs(strangers, p.tried(strangers, 1))
	if e := p.list(strangers)[0]; !strings.Contains(e.Error, "certificate") || e.Due.IsZero() {
		t.Errorf("%+v", e)
	}
	p.pass(p.list(strangers)[0].Due.Sub(p.clock()))
	none := p.box(nil)
	p.runs(none, p.tried(none, 2))
	if e := p.list(none)[0]; e.Error != "no SMTP server is named: start the server with --smtp or OMO_SMTP" || e.Due.IsZero() {
		t.Errorf("%+v", e)
	}
	p.pass(p.list(none)[0].Due.Sub(p.clock()))
	b := p.box(office.settings("shop:p%40ss@"))
	p.runs(b, p.empty(b))
	if n := len(office.got()); n != 1 {
		t.Errorf("%d mails", n)
	}
}
