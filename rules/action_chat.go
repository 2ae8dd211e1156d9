package rules

import (
	"fmt"
	"slices"
	"time"
)

// chatTypes are the ways in which visitors reach the shop.
var chatTypes = []string{"chat", "phone", "line", "video", "form", "faq"}

// ChatTypes are the kinds of channels that an action may offer.
func ChatTypes() []string { return slices.Clone(chatTypes) }

const maxChannels = 10

// chatFile is a channel as a campaign offers it. Where it leads nowhere itself
// it is the site's channel of that name.
type chatFile struct {
	At      *node
	Type    text            `yaml:"type,required"`
	Label   text            `yaml:"label"`
	Link    text            `yaml:"link"`
	Hook    text            `yaml:"hook"`
	Hours   oneOrMany[text] `yaml:"hours"`
	Days    oneOrMany[text] `yaml:"days"`
	Staffed yesNo           `yaml:"staffed"`
}

// ChatChannel is a way to reach the shop, as one action offers it.
type ChatChannel struct {
	Type  string // chat phone line video form faq
	Label string // "": the usual one of its type
	Channel
}

// Opened says whether the channel can be offered at t: within its hours, and,
// if it needs one, with an operator online for it.
func (c *ChatChannel) Opened(t time.Time, zone *time.Location, staffed func(kind string) bool) bool {
	return c.Open.Open(t, zone) && (!c.Staffed || staffed(c.Type))
}

func (c *ChatChannel) never() bool { return c.Staffed || !c.Open.always() }

// chat checks the channels of an action. One of them must always be open, so
// that the action never comes with nothing to choose.
func (r *reader) chat(f *actionFile, path string, site Site) (out []ChatChannel) {
	if f.Type.S != "chat" {
		return nil
	}
	always, whole := false, true
	for i := range f.Channels {
		c := &f.Channels[i]
		at := fmt.Sprintf("%s.channels[%d]", path, i)
		if c.At == nil {
			whole = false
			continue
		}
		one := ChatChannel{Type: c.Type.S, Label: r.shown(c.Label, join(at, "label"), 40)}
		known := r.oneOf(c.Type, join(at, "type"), chatTypes...)
		own := channelFile{At: c.At, Link: c.Link, Hook: c.Hook, Hours: c.Hours, Days: c.Days, Staffed: c.Staffed}
		of, shared := site.Channels[c.Type.S]
		switch {
		case c.At.has("link") || c.At.has("hook") || !shared:
			whole = whole && known
			one.Channel = r.channel(own, at)
		case c.At.has("hours") || c.At.has("days") || c.At.has("staffed"):
			one.Channel = of
			one.Open, one.Staffed = r.opening(c.Days, c.Hours, at), c.Staffed.Yes
		default:
			one.Channel = of
		}
		always = always || !one.never()
		out = append(out, one)
	}
	list := f.At.value("channels")
	switch {
	case list == nil || list.kind == sequence && len(list.items) == 0:
		r.failWith(f.At, path, "missing", `a chat needs "channels"`, "channels: [{type: faq, link: /faq}]; types are chat, phone, line, video, form and faq")
	case len(f.Channels) > maxChannels:
		r.fail(f.At, join(path, "channels"), "value", "a chat has at most %d channels", maxChannels)
	case list.kind == sequence && !always && whole:
		r.failWith(list, join(path, "channels"), "value", "outside the hours of all its channels nothing is left to offer", "add one that is always open: {type: form, link: /contact} or {type: faq, link: /faq}")
	}
	return out
}

func staffed(campaigns []*Campaign) bool {
	for _, c := range campaigns {
		for _, v := range c.Variants {
			if slices.ContainsFunc(v.Channels, func(ch ChatChannel) bool { return ch.Staffed }) {
				return true
			}
		}
	}
	return false
}
