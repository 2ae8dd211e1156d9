package rules

import (
	"fmt"
	"reflect"
)

// What may be written, as it is written: one struct a file, one field a key.
// What runs is Site and Campaign; campaign.go and site.go lead from here to there.

type siteFile struct {
	Timezone   text                        `yaml:"timezone"`
	Currency   text                        `yaml:"currency"`
	SessionGap duration                    `yaml:"session_gap"`
	Holdout    share                       `yaml:"holdout"`
	Traits     table[traitFile]            `yaml:"traits"`
	Origins    oneOrMany[text]             `yaml:"origins"`
	Consent    text                        `yaml:"consent"`
	Budget     table[oneOrMany[limitFile]] `yaml:"budget"`
	Staff      ruleText                    `yaml:"staff"`
	Channels   table[channelFile]          `yaml:"channels"`
	Alerts     *alertsFile                 `yaml:"alerts"`
}

type alertsFile struct {
	At      *node
	Webhook text `yaml:"webhook"`
}

type traitFile struct {
	Type  text `yaml:"type,required"`
	Trust text `yaml:"trust"`
}

type channelFile struct {
	At    *node
	Link  text            `yaml:"link"`
	Hook  text            `yaml:"hook"`
	Hours oneOrMany[text] `yaml:"hours"`
	Days  oneOrMany[text] `yaml:"days"`

	Staffed yesNo `yaml:"staffed"`
}

type segmentsFile struct {
	Segments table[ruleText]    `yaml:"segments"`
	Derived  table[derivedFile] `yaml:"derived"`
}

type derivedFile struct {
	Event text     `yaml:"event,required"`
	Where ruleText `yaml:"where,required"`
}

type campaignFile struct {
	At         *node
	ID         text                   `yaml:"id,required"`
	Name       text                   `yaml:"name"`
	Status     text                   `yaml:"status"`
	When       ruleText               `yaml:"when"`
	Pages      oneOrMany[text]        `yaml:"pages"`
	On         oneOrMany[triggerFile] `yaml:"on"`
	Schedule   *scheduleFile          `yaml:"schedule"`
	Frequency  oneOrMany[limitFile]   `yaml:"frequency"`
	Slot       text                   `yaml:"slot"`
	Priority   integer                `yaml:"priority"`
	Salt       text                   `yaml:"salt"`
	Traffic    share                  `yaml:"traffic"`
	Goal       *goalFile              `yaml:"goal"`
	Goals      []goalFile             `yaml:"goals"`
	Variants   []variantFile          `yaml:"variants,required"`
	Layer      text                   `yaml:"layer"`
	Guardrails oneOrMany[guardFile]   `yaml:"guardrails"`
	Allocation text                   `yaml:"allocation"`
}

// triggerFile is a word, such as page_view, or a mapping of one trigger.
type triggerFile struct {
	At   *node
	Word string
	Args triggerArgs
}

func (t *triggerFile) read(r *reader, n *node, path string) {
	if n.kind != str && n.kind != mapping {
		r.expected(n, path, "a trigger", "write page_view, exit_intent or {dwell: 30s}")
		return
	}
	t.At = n
	if n.kind == str {
		t.Word = n.text
		return
	}
	for _, word := range plainTriggers {
		if v := n.value(word); v != nil {
			r.failWith(v, join(path, word), "value", word+" takes nothing", "write on: "+word)
			return
		}
	}
	r.decode(n, path, &t.Args)
}

// triggerArgs holds the triggers that take an argument. The key `at` belongs to
// reminders, so a trigger's own place is kept outside.
type triggerArgs struct {
	Dwell  duration    `yaml:"dwell"`
	Scroll share       `yaml:"scroll"`
	Idle   duration    `yaml:"idle"`
	InView text        `yaml:"in_view"`
	Event  text        `yaml:"event"`
	Where  ruleText    `yaml:"where"`
	Absent *absentFile `yaml:"absent"`
	Moment text        `yaml:"at"`
	Offset text        `yaml:"offset"`
}

type absentFile struct {
	At     *node
	Event  text     `yaml:"event,required"`
	After  text     `yaml:"after,required"`
	Within duration `yaml:"within,required"`
}

type scheduleFile struct {
	At       *node
	From     text            `yaml:"from"`
	Until    text            `yaml:"until"`
	Days     oneOrMany[text] `yaml:"days"`
	Hours    oneOrMany[text] `yaml:"hours"`
	Timezone text            `yaml:"timezone"`
}

type limitFile struct {
	At    *node
	Max   integer   `yaml:"max"`
	Per   text      `yaml:"per"`
	After *stopFile `yaml:"after"`
}

func (l *limitFile) read(r *reader, n *node, path string) {
	if n.kind != mapping {
		r.expected(n, path, "a limit", "write {max: 1, per: session}, or {max: 1} for once ever")
		return
	}
	r.record(n, path, reflect.ValueOf(l).Elem())
}

type stopFile struct {
	At          *node
	Closes      integer `yaml:"closes"`
	Clicks      integer `yaml:"clicks"`
	Conversions integer `yaml:"conversions"`
}

type goalFile struct {
	At     *node
	Event  text     `yaml:"event,required"`
	Window duration `yaml:"window"`
	Value  text     `yaml:"value"`
	Where  ruleText `yaml:"where"`
}

func (g *goalFile) read(r *reader, n *node, path string) {
	if n.kind != mapping {
		hint := "write {event: purchase}"
		if n.kind == str && eventForm.MatchString(n.text) {
			hint = fmt.Sprintf("write {event: %s}", n.text)
		}
		r.expected(n, path, "a goal", hint)
		return
	}
	r.record(n, path, reflect.ValueOf(g).Elem())
}

type variantFile struct {
	At     *node
	ID     text         `yaml:"id,required"`
	Weight integer      `yaml:"weight,required"`
	Action *actionFile  `yaml:"action"`
	Also   []actionFile `yaml:"also"`
}

type actionFile struct {
	At       *node
	Type     text       `yaml:"type,required"`
	Title    text       `yaml:"title"`
	Body     text       `yaml:"body"`
	Image    text       `yaml:"image"`
	Link     text       `yaml:"link"`
	Button   text       `yaml:"button"`
	Theme    text       `yaml:"theme"`
	Position text       `yaml:"position"`
	Code     text       `yaml:"code"`
	Pool     text       `yaml:"pool"`
	Expires  duration   `yaml:"expires"`
	Items    []itemFile `yaml:"items"`
	Cost     costFile   `yaml:"cost"`

	URL         text `yaml:"url"`
	To          text `yaml:"to"`
	Subject     text `yaml:"subject"`
	Unsubscribe text `yaml:"unsubscribe"`

	Selector  text           `yaml:"selector"`
	Height    heightFile     `yaml:"height"`
	HTML      text           `yaml:"html"`
	Questions []questionFile `yaml:"questions"`
	Thanks    text           `yaml:"thanks"`
	Channels  []chatFile     `yaml:"channels"`
	Event     text           `yaml:"event"`
	Window    duration       `yaml:"window"`
	Limit     integer        `yaml:"limit"`
}

type itemFile struct {
	At    *node
	Name  text   `yaml:"name,required"`
	URL   text   `yaml:"url,required"`
	Price number `yaml:"price"`
	Image text   `yaml:"image"`
}

// costFile is what showing or redeeming costs: `10%` of the order, or an amount.
type costFile struct {
	At     *node
	Share  share
	Amount number
}

func (c *costFile) read(r *reader, n *node, path string) {
	c.At = n
	if n.kind == str {
		c.Share.read(r, n, path)
		return
	}
	c.Amount.read(r, n, path)
	if c.Amount.N < 0 {
		r.fail(n, path, "value", "%s is less than nothing", n.text)
	}
}
