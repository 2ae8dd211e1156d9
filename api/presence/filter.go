package presence

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Filter says which rows are looked at; the zero value lets all visitors through
// who are neither staff nor bots.
type Filter struct {
	Text    string  // in an id, a member's id, the page, the source, the latest event or the offer, in any case
	Cart    float64 // at least
	Idle    int     // seconds of silence, at least
	Device  string  // mobile tablet desktop
	Channel string
	First   string // new returning
	Who     string // staff bots
}

// What a filter can ask for, by its name in an address.
var (
	Devices  = []string{"mobile", "tablet", "desktop"}
	Channels = []string{"direct", "search", "social", "email", "paid", "referral", "ai"}
	Firsts   = []string{"new", "returning"}
	Whos     = []string{"staff", "bots"}
)

// ReadFilter reads an address such as ?cart=10000&idle=60; what is empty asks for
// nothing. The error names what cannot be read, and what could.
func ReadFilter(q url.Values) (Filter, error) {
	f := Filter{Text: strings.TrimSpace(q.Get("q"))}
	if len(f.Text) > maxText {
		return f, fmt.Errorf("q is longer than %d bytes: name a part of what is looked for", maxText)
	}
	if text := q.Get("cart"); text != "" {
		var err error
		if f.Cart, err = strconv.ParseFloat(text, 64); err != nil || !(f.Cart >= 0 && f.Cart < 1e15) {
			return f, fmt.Errorf("cart=%.20s is no value: give a number, such as 10000", text)
		}
	}
	if text := q.Get("idle"); text != "" {
		var err error
		if f.Idle, err = strconv.Atoi(text); err != nil || f.Idle < 0 {
			return f, fmt.Errorf("idle=%.20s is no time: give whole seconds, such as 60", text)
		}
	}
	for _, one := range []struct {
		name string
		at   *string
		of   []string
	}{{"device", &f.Device, Devices}, {"source", &f.Channel, Channels}, {"visits", &f.First, Firsts}, {"who", &f.Who, Whos}} {
		if *one.at = q.Get(one.name); *one.at != "" && !slices.Contains(one.of, *one.at) {
			return f, fmt.Errorf("%s=%.20s is none of %s", one.name, *one.at, strings.Join(one.of, ", "))
		}
	}
	return f, nil
}

// Query is the address that ReadFilter reads as f; "" for the zero filter.
func (f Filter) Query() string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("q", f.Text)
	if f.Cart > 0 {
		q.Set("cart", number(f.Cart))
	}
	if f.Idle > 0 {
		q.Set("idle", strconv.Itoa(f.Idle))
	}
	set("device", f.Device)
	set("source", f.Channel)
	set("visits", f.First)
	set("who", f.Who)
	return q.Encode()
}

// String is f in the words of the rule language, where that has them; "" for the
// zero filter.
func (f Filter) String() string {
	var parts []string
	add := func(yes bool, part string) {
		if yes {
			parts = append(parts, part)
		}
	}
	add(f.Cart > 0, "cart.value >= "+number(f.Cart))
	add(f.Idle > 0, "idle >= "+strconv.Itoa(f.Idle))
	add(f.Device != "", "device.type == "+strconv.Quote(f.Device))
	add(f.Channel != "", "session.channel == "+strconv.Quote(f.Channel))
	add(f.First == "new", "visitor.new")
	add(f.First == "returning", "!visitor.new")
	add(f.Who != "", f.Who)
	add(f.Text != "", "text contains "+strconv.Quote(f.Text))
	return strings.Join(parts, " && ")
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func (f *Filter) lets(v *Visitor, ms int64) bool {
	switch {
	case v.Bot != (f.Who == "bots"), !v.Bot && v.Staff != (f.Who == "staff"),
		v.Cart < f.Cart,
		f.Idle > 0 && ms-v.Seen < 1000*int64(f.Idle),
		f.Device != "" && v.Device != f.Device,
		f.Channel != "" && v.Channel != f.Channel,
		f.First != "" && v.New() != (f.First == "new"):
		return false
	}
	return f.Text == "" || v.says(f.Text)
}

func (v *Visitor) says(text string) bool {
	for _, one := range [...]string{v.ID, v.User, v.Path, v.Title, v.Via, v.Did, v.Campaign} {
		if contains(one, text) {
			return true
		}
	}
	return false
}

// contains finds a text in any case, without making a copy of either.
func contains(in, text string) bool {
	for i := 0; i+len(text) <= len(in); i++ {
		if strings.EqualFold(in[i:i+len(text)], text) {
			return true
		}
	}
	return false
}
