package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
)

const (
	hookWithin = 5 * time.Second // unless told
	maxAnswer  = 64 << 10        // bytes of an answer that are read
)

// hooks sends webhooks.
type hooks struct {
	secret         []byte
	allowed        []string // hosts, with a port or without, that may be private and plain
	guarded, local *http.Client
}

func newHooks(secret []byte, allowed []string, roots *x509.CertPool, within time.Duration) *hooks {
	client := func(check func(network, address string, _ syscall.RawConn) error) *http.Client {
		return &http.Client{
			Timeout:       within,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{ // no Proxy: it would dial for us, whatever the address
				DialContext:            (&net.Dialer{Timeout: within, Control: check}).DialContext,
				TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout:    within,
				ResponseHeaderTimeout:  within,
				MaxResponseHeaderBytes: maxAnswer,
				MaxConnsPerHost:        atOnce,
				IdleConnTimeout:        time.Minute,
				ForceAttemptHTTP2:      true,
			},
		}
	}
	return &hooks{secret: secret, allowed: allowed, guarded: client(onlyPublic), local: client(nil)}
}

// onlyPublic is asked with the very address that is about to be dialled.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !public(to.Addr()) {
		return &final{fmt.Errorf("its address is %s, which is not on the open internet: allow the host with --allow-webhook-host if that is meant", address)}
	}
	return nil
}

// payload is a webhook's body.
type payload struct {
	ID       string  `json:"id"`
	Campaign string  `json:"campaign"`
	Variant  string  `json:"variant"`
	Decision string  `json:"decision_id,omitempty"`
	Visitor  visitor `json:"visitor"`
	Time     string  `json:"time"`
	Title    string  `json:"title,omitempty"`
	Body     string  `json:"body,omitempty"`
}

type visitor struct {
	ID   string `json:"id"`
	User string `json:"user_id,omitempty"`
}

func (h *hooks) send(ctx context.Context, l *engine.Letter, now time.Time) error {
	to, err := url.Parse(l.URL)
	if err != nil {
		return &final{err}
	}
	client := h.guarded
	switch {
	case slices.Contains(h.allowed, to.Host) || slices.Contains(h.allowed, to.Hostname()):
		client = h.local
	case to.Scheme != "https":
		return &final{fmt.Errorf("%s is not https: allow the host with --allow-webhook-host if that is meant", to.Host)}
	}
	body, err := bodyOf(l)
	if err != nil {
		return &final{err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, bytes.NewReader(body))
	if err != nil {
		return &final{err}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "omotenashi")
	r.Header.Set("Idempotency-Key", l.ID)
	r.Header.Set("Omo-Signature", Sign(h.secret, now, body))
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection is used again; the status has said it all
	return judge(answer, now)
}

func bodyOf(l *engine.Letter) ([]byte, error) {
	if l.Kind == "alert" {
		return l.Alert, nil
	}
	return json.Marshal(payload{
		ID: l.ID, Campaign: l.Campaign, Variant: l.Variant, Decision: l.Decision,
		Visitor: visitor{l.Visitor, l.User}, Time: time.UnixMilli(l.At).UTC().Format(time.RFC3339Nano), Title: l.Title, Body: l.Body,
	})
}

// Sign is the Omo-Signature of a webhook's body at a time.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// judge says what a status means: taken, not now, or never.
func judge(answer *http.Response, now time.Time) error {
	status := answer.StatusCode
	err := fmt.Errorf("the receiver answered %s", answer.Status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return &later{err, retryAfter(answer.Header.Get("Retry-After"), now)}
	case status >= 300 && status < 400:
		return &final{fmt.Errorf("%w: redirects are not followed, name the address itself", err)}
	default:
		return &final{err}
	}
}

// retryAfter reads seconds or a date; 0 where there is none.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(giveUpAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), giveUpAfter)
	}
	return 0
}
