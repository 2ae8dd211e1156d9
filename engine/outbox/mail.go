package outbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/omotenashi-web/omotenashi/engine"
)

const mailWithin = 20 * time.Second

// mailer sends e-mails through one SMTP server.
type mailer struct {
	host    string
	from    string
	options []mail.Option
}

// newMailer reads where mail goes:
// smtp://user:password@host:587?from=shop@example.com, smtps:// for TLS from
// the first byte. Without ?tls=off nothing is said before TLS.
func newMailer(address string, roots *x509.CertPool) (*mailer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return nil, errors.New("the SMTP server is written smtp://user:password@host:587?from=shop@example.com (smtps:// for TLS from the start)")
	}
	from := u.Query().Get("from")
	if _, err := netmail.ParseAddress(from); err != nil {
		return nil, errors.New("the SMTP server needs a sender: …?from=shop@example.com")
	}
	m := &mailer{host: u.Hostname(), from: from, options: []mail.Option{
		mail.WithTimeout(mailWithin), mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12}),
	}}
	switch {
	case u.Scheme == "smtps":
		m.options = append(m.options, mail.WithSSL(), mail.WithPort(465))
	case u.Query().Get("tls") == "off":
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS), mail.WithPort(25))
	default:
		m.options = append(m.options, mail.WithPort(587))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		m.options = append(m.options, mail.WithPort(port))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		m.options = append(m.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	if _, err := mail.NewClient(m.host, m.options...); err != nil {
		return nil, fmt.Errorf("the SMTP server: %w", err)
	}
	return m, nil
}

func (m *mailer) send(ctx context.Context, l *engine.Letter) error {
	if m == nil {
		return &later{errors.New("no SMTP server is named: start the server with --smtp or OMO_SMTP"), 0}
	}
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(l.To)); err != nil {
		return &final{err}
	}
	msg.Subject(l.Subject)
	msg.SetDateWithValue(time.UnixMilli(l.At).UTC())
	msg.SetMessageIDWithValue(l.ID + "@" + m.host)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if l.Unsubscribe != "" {
		msg.SetListUnsubscribe(l.Unsubscribe)
	}
	msg.SetBodyString(mail.TypeTextPlain, l.Body)
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return &final{err}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	var refused *mail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return &final{err}
	}
	return err
}
