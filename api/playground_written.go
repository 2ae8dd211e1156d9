package api

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/rules"
)

// mostVisits bounds how many visits and purchases a made up visitor has.
const mostVisits = 100

// writeTest is a made up visitor as a rule test: earlier visits a day apart, the
// purchases in the last of them, the cart two minutes ago.
func writeTest(v *dashboard.Made, campaign *rules.Campaign, at time.Time, expect string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("tests:")
	line("  - name: %s", quoted(campaign.ID+" at "+at.Format("2006-01-02 15:04")))
	line("    now: %s", at.Format(time.RFC3339))
	var visitor []string
	if v.User != "" {
		visitor = append(visitor, "user_id: "+quoted(v.User))
	}
	if traits := traitsOf(v.Traits); traits != "" {
		visitor = append(visitor, "traits: {"+traits+"}")
	}
	if len(visitor) > 0 {
		line("    visitor: {%s}", strings.Join(visitor, ", "))
	}
	if v.Device != "" {
		line("    context: {device: %s}", quoted(v.Device))
	}
	if v.Consent != "" {
		line("    consent: %s", quoted(v.Consent))
	}
	if v.Operators > 0 {
		line("    facts: {operators_online: %d}", v.Operators)
	}
	if events := eventsOfTest(v, campaign); len(events) > 0 {
		line("    events:")
		for _, e := range events {
			line("      - %s", e)
		}
	}
	line("    page: {url: %s}", quoted(v.URL))
	if v.Trigger != "" && v.Trigger != "page_view" {
		line("    trigger: %s", quoted(v.Trigger))
	}
	line("    expect: {%s: %s}", campaign.ID, expect)
	return b.String()
}

// eventsOfTest are its events in the order of time.
func eventsOfTest(v *dashboard.Made, campaign *rules.Campaign) (out []string) {
	for i := v.Visits - 1; i >= 1; i-- {
		out = append(out, fmt.Sprintf(`{at: -%dd, name: page_view, url: "/"}`, i))
		if i <= v.Purchases {
			out = append(out, fmt.Sprintf(`{at: -%dd, name: purchase, value: 3000, transaction_id: "order-%d"}`, i, i))
		}
	}
	for i := max(v.Visits, 1); i <= v.Purchases; i++ {
		out = append(out, fmt.Sprintf(`{at: -3m, name: purchase, value: 3000, transaction_id: "order-%d"}`, i))
	}
	if v.Cart > 0 {
		out = append(out, fmt.Sprintf("{at: -2m, name: add_to_cart, value: %s, url: %s}", strconv.FormatFloat(v.Cart, 'f', -1, 64), quoted(v.URL)))
	}
	for text := range strings.Lines(v.Events) {
		if text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "- ")); text != "" && !strings.HasPrefix(text, "#") {
			out = append(out, text)
		}
	}
	for _, on := range campaign.On {
		if on.Kind == "event" && on.String() == v.Trigger && !strings.Contains(v.Events, on.Event) {
			out = append(out, fmt.Sprintf("{name: %s, url: %s}", on.String(), quoted(v.URL)))
		}
	}
	return out
}

// traitsOf makes `name: value` lines a list; a number and a truth stay what they are.
func traitsOf(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		name, value, told := strings.Cut(strings.TrimSpace(line), ":")
		if value = strings.TrimSpace(value); !told || value == "" {
			continue
		}
		if _, err := strconv.ParseFloat(value, 64); err != nil && value != "true" && value != "false" {
			value = quoted(strings.Trim(value, `"'`))
		}
		out = append(out, quoted(strings.TrimSpace(name))+": "+value)
	}
	return strings.Join(out, ", ")
}

// quoted is a text as YAML takes it whatever is in it: JSON's way.
func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil { // of a text: never
		return `""`
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
}

func actionType(action json.RawMessage) string {
	var a struct{ Type string }
	_ = json.Unmarshal(action, &a) // none, of a control
	return a.Type
}

func actionLink(action json.RawMessage) string {
	var a struct{ Link string }
	_ = json.Unmarshal(action, &a)
	return a.Link
}

// actions are those that were tried last, for the frames that show them.
type actions struct {
	mu    sync.Mutex
	kept  map[string]json.RawMessage
	order []string
}

// mostActions bounds them: the oldest go.
const mostActions = 256

func (a *actions) keep(action json.RawMessage) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil {
		a.kept = map[string]json.RawMessage{}
	}
	id := rand.Text()
	a.kept[id] = action
	if a.order = append(a.order, id); len(a.order) > mostActions {
		delete(a.kept, a.order[0])
		a.order = a.order[1:]
	}
	return id
}

func (a *actions) find(id string) (json.RawMessage, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	action, ok := a.kept[id]
	return action, ok
}
