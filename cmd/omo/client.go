package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// client speaks to a running server with the secret key.
type client struct {
	server, key string
	http        *http.Client
	log         io.Writer // what a caller that waits should know
}

func newClient(server string, log io.Writer) (*client, error) {
	key := os.Getenv("OMO_SECRET_KEY")
	if key == "" {
		return nil, errors.New("OMO_SECRET_KEY is not set: export the secret key (sk_…) that omo serve printed at its first start")
	}
	return &client{server: strings.TrimSuffix(server, "/"), key: key, http: &http.Client{Timeout: 90 * time.Second}, log: log}, nil
}

// refusal is an error the server answered with.
type refusal struct {
	status int
	after  time.Duration // to wait before trying again; 0 if it is of no use
	Err    struct {
		Code    string            `json:"code"`
		Message string            `json:"message"`
		Details []json.RawMessage `json:"details"`
	} `json:"error"`
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the server answered %d %s: %s", r.status, r.Err.Code, r.Err.Message)
}

// refused is the error of an answer that is none of 200.
func refused(server string, res *http.Response, text []byte) error {
	r := &refusal{status: res.StatusCode}
	if err := json.Unmarshal(text, r); err != nil {
		return fmt.Errorf("%s answered %s, and not in the words of an omo server: is it one?", server, res.Status)
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		r.after = time.Duration(seconds) * time.Second
	}
	return r
}

// call sends body (nil: GET) and reads the answer into out.
func (c *client) call(ctx context.Context, path string, body []byte, out any) error {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	return c.do(ctx, method, path, body, out)
}

func (c *client) do(ctx context.Context, method, path string, body []byte, out any) error {
	res, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("the answer of %s broke off: %w", c.server, err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w", c.server, err)
	}
	return nil
}

// send gives the answer of a server that has taken the request; its body is
// the caller's to close.
func (c *client) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("--server %s is no address: %w; write it as http://host:port", c.server, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w; is omo serve running there? name another with --server", c.server, err)
	}
	if res.StatusCode == http.StatusOK || res.StatusCode == http.StatusAccepted {
		return res, nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("the answer of %s broke off: %w", c.server, err)
	}
	return nil, refused(c.server, res, text)
}

// lag is how many visits the warehouse is behind the ledger, by the server's metrics.
func (c *client) lag(ctx context.Context) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if value, is := strings.CutPrefix(lines.Text(), "omo_loader_lag_visits "); is {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("the server does not tell its lag")
}

// patience is how long a caller goes on trying a server that is away or busy.
const patience = 2 * time.Minute

// insist calls until the server takes it, waiting as it asks, or until
// patience ends. Only calls that may be repeated may insist.
func (c *client) insist(ctx context.Context, path string, body []byte, out any) error {
	wait, until := 200*time.Millisecond, time.Now().Add(patience)
	for told := false; ; told = true {
		err := c.call(ctx, path, body, out)
		var r *refusal
		final := errors.As(err, &r) && r.after == 0
		if err == nil || final || ctx.Err() != nil || time.Now().After(until) {
			return err
		}
		if !told {
			fmt.Fprintf(c.log, "%v; trying again for %s\n", err, patience)
		}
		pause := wait
		if r != nil {
			pause = max(pause, r.after)
		}
		wait = min(2*wait, 10*time.Second)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
