package rules

import (
	"fmt"
	"strings"
)

// room is how many lines of how many full-width characters a text has on a
// phone, 360 px wide: what the beacon's boxes show there, by their style.
type room struct{ lines, perLine int }

type rooms struct{ title, body, button room }

// roomOf is by type of action. A banner's words share their line with its
// picture, a ranking's with its button; a coupon's picture lies above them.
func roomOf(kind string, image bool) rooms {
	switch {
	case kind == "banner" && image:
		return rooms{room{2, 13}, room{4, 16}, room{1, 18}}
	case kind == "banner":
		return rooms{room{2, 17}, room{3, 21}, room{1, 18}}
	case kind == "coupon" && image:
		return rooms{room{2, 11}, room{4, 18}, room{1, 15}}
	case kind == "coupon":
		return rooms{room{2, 11}, room{8, 18}, room{1, 15}}
	case kind == "modal" && image:
		return rooms{room{2, 11}, room{4, 18}, room{1, 15}}
	case kind == "modal":
		return rooms{room{2, 11}, room{8, 18}, room{1, 15}}
	case (kind == "slide_in" || kind == "survey" || kind == "chat" || kind == "html") && image:
		return rooms{room{2, 16}, room{3, 20}, room{1, 17}}
	case kind == "slide_in", kind == "survey", kind == "chat", kind == "html":
		return rooms{room{2, 14}, room{5, 20}, room{1, 17}}
	case kind == "ranking":
		return rooms{room{2, 7}, room{3, 9}, room{1, 8}}
	}
	return rooms{}
}

var itemName, channelLabel = room{2, 9}, room{1, 15}

// texts looks for texts that do not fit where they are shown.
func (x *linter) texts(e *examined) {
	for i, v := range e.written.Variants {
		if v.Action == nil {
			continue
		}
		a, path := v.Action, fmt.Sprintf("variants[%d].action", i)
		has := roomOf(a.Type.S, a.Image.At != nil)
		x.fits(a.Title, path+".title", has.title)
		x.fits(a.Body, path+".body", has.body)
		x.fits(a.Button, path+".button", has.button)
		for j, channel := range a.Channels {
			x.fits(channel.Label, fmt.Sprintf("%s.channels[%d].label", path, j), channelLabel)
		}
		for j, item := range a.Items {
			x.fits(item.Name, fmt.Sprintf("%s.items[%d].name", path, j), itemName)
		}
	}
}

// likely stands for what a blank will be: the word for who has none, or a name.
func likely(blank string) string {
	if part := blankForm.FindStringSubmatch(strings.Trim(blank, "{}")); part != nil && part[6] != "" {
		return part[6]
	}
	return "名前名前"
}

func (x *linter) fits(t text, path string, in room) {
	if t.At == nil || in.lines == 0 {
		return
	}
	lines := 0
	for line := range strings.Lines(strings.TrimRight(bracesForm.ReplaceAllStringFunc(t.S, likely), "\n")) {
		width := 0
		for _, r := range strings.TrimSuffix(line, "\n") {
			width += cells(r)
		}
		lines += max(1, (width+2*in.perLine-1)/(2*in.perLine))
	}
	if lines > in.lines {
		noun, shorten := "lines", fmt.Sprintf("shorten it to %d characters", in.lines*in.perLine)
		if strings.Contains(t.S, "\n") {
			shorten = "shorten it, or break fewer lines"
		}
		if in.lines == 1 {
			noun = "line"
		}
		x.report.warn(t.At, path, "text_too_long", fmt.Sprintf("the text takes %d lines on a phone; there is room for %d %s of %d full-width characters", lines, in.lines, noun, in.perLine),
			shorten)
	}
}
