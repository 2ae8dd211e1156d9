package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Fox is one tab of a real Firefox, spoken to over WebDriver BiDi. It is for one
// goroutine.
type Fox struct {
	t      testing.TB
	ctx    context.Context
	socket *websocket.Conn
	asked  int
	tab    string // its browsing context
}

// quiet keeps Firefox from calling anybody and from asking anything.
const quiet = `user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.security.https_first", false);
user_pref("intl.accept_languages", "ja");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
`

// Firefox starts one with an empty profile and gives its tab. It ends with the
// test. Where there is no Firefox the test is skipped as for Chromium.
func Firefox(t testing.TB) *Fox {
	t.Helper()
	path := ""
	for _, name := range []string{"firefox-esr", "firefox"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		missing(t, "no firefox-esr or firefox on the PATH: install one (Debian: apt-get install firefox-esr)")
	}
	ctx, stop := context.WithTimeout(context.Background(), limit(t))
	t.Cleanup(stop)
	address := launch(t, ctx, path)
	socket, _, err := websocket.Dial(ctx, address+"/session", nil)
	if err != nil {
		t.Fatalf("speak to %s: %v", path, err)
	}
	socket.SetReadLimit(16 << 20)
	f := &Fox{t: t, ctx: ctx, socket: socket}
	t.Cleanup(func() {
		if err := f.call("browser.close", map[string]any{}, nil); err != nil {
			t.Logf("Firefox does not close: %v", err)
		}
	})
	f.ask("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.ask("browsingContext.getTree", map[string]any{}, &tree)
	if len(tree.Contexts) == 0 {
		t.Fatal("Firefox has no tab")
	}
	f.tab = tree.Contexts[0].Context
	return f
}

// launch starts the browser and gives the address that it listens at.
func launch(t testing.TB, ctx context.Context, path string) string {
	t.Helper()
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(quiet), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1")
	says, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	address, gone := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(gone) // all of its processes write there: the profile is nobody's any more
		lines := bufio.NewScanner(says)
		for lines.Scan() {
			if _, at, ok := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); ok {
				address <- strings.TrimSpace(at)
			}
		}
		_, _ = io.Copy(io.Discard, says) // a line too long for the scanner
	}()
	t.Cleanup(func() {
		select {
		case <-gone:
		case <-time.After(20 * time.Second):
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("end %s: %v", path, err)
			}
			<-gone
		}
		_ = cmd.Wait() // how it ended is no news
	})
	select {
	case at := <-address:
		return at
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s does not say where it listens", path)
	case <-ctx.Done():
		t.Fatalf("%s does not say where it listens: %v", path, ctx.Err())
	}
	return ""
}

// ask sends one command and reads its answer; nothing else is listened to.
func (f *Fox) ask(method string, params, into any) {
	f.t.Helper()
	if err := f.call(method, params, into); err != nil {
		f.t.Fatalf("%s: %v", method, err)
	}
}

func (f *Fox) call(method string, params, into any) error {
	f.asked++
	text, err := json.Marshal(map[string]any{"id": f.asked, "method": method, "params": params})
	if err != nil {
		return err
	}
	if err := f.socket.Write(f.ctx, websocket.MessageText, text); err != nil {
		return err
	}
	for {
		_, text, err := f.socket.Read(f.ctx)
		if err != nil {
			return err
		}
		var answer struct {
			ID             int
			Error, Message string
			Result         json.RawMessage
		}
		switch err := json.Unmarshal(text, &answer); {
		case err != nil:
			return err
		case answer.ID != f.asked: // an event
			continue
		case answer.Error != "":
			return fmt.Errorf("%s: %s", answer.Error, answer.Message)
		case into == nil:
			return nil
		}
		return json.Unmarshal(answer.Result, into)
	}
}

// Goes opens an address and waits until the page is loaded.
func (f *Fox) Goes(url string) {
	f.t.Helper()
	f.ask("browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil)
}

// Before runs a script on each later page ahead of the page's own.
func (f *Fox) Before(script string) {
	f.t.Helper()
	f.ask("script.addPreloadScript", map[string]any{"functionDeclaration": "() => {" + script + "}"}, nil)
}

// Reads puts the value of an expression on the page, or of its promise, into a
// pointer. A page that throws is an error.
func (f *Fox) Reads(expression string, into any) error {
	var answer struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := f.call("script.evaluate", map[string]any{
		"expression":   "(async () => JSON.stringify(await (" + expression + ")) ?? 'null')()",
		"target":       map[string]any{"context": f.tab},
		"awaitPromise": true,
	}, &answer)
	switch {
	case err != nil:
		return err
	case answer.Type != "success":
		return errors.New(answer.ExceptionDetails.Text)
	}
	return json.Unmarshal([]byte(answer.Result.Value), into)
}

// Does runs a script on the page and waits for its promise.
func (f *Fox) Does(script string) {
	f.t.Helper()
	var nothing any
	if err := f.Reads("(async () => {"+script+"})()", &nothing); err != nil {
		f.t.Fatalf("run %s: %v", script, err)
	}
}
