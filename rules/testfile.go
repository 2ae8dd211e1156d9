package rules

// testsFile is one file of tests/, as it may be written: events over time, a
// page, and what is expected of campaigns then.
type testsFile struct {
	Tests []testFile `yaml:"tests,required"`
}

type testFile struct {
	At      *node
	Name    text               `yaml:"name,required"`
	Now     text               `yaml:"now,required"`
	Visitor testVisitorFile    `yaml:"visitor"`
	Events  []testEventFile    `yaml:"events"`
	Page    *testPageFile      `yaml:"page"`
	Context testContextFile    `yaml:"context"`
	Facts   *testFactsFile     `yaml:"facts"`
	Consent text               `yaml:"consent"`
	Trigger happenedFile       `yaml:"trigger"`
	Slots   []text             `yaml:"slots"`
	Expect  table[outcomeFile] `yaml:"expect"`
	Until   whenFile           `yaml:"until"`
	Sent    []testSentFile     `yaml:"sent"`
}

type testVisitorFile struct {
	ID     text            `yaml:"id"`
	UserID text            `yaml:"user_id"`
	Traits table[anything] `yaml:"traits"`
}

// testEventFile has the keys of a page, of GA4's commerce events and of the
// product's own events; a property of another name goes into properties.
type testEventFile struct {
	At            *node
	When          whenFile        `yaml:"at"`
	Name          text            `yaml:"name,required"`
	URL           text            `yaml:"url"`
	Title         text            `yaml:"title"`
	Type          text            `yaml:"type"`
	Referrer      text            `yaml:"referrer"`
	Item          *testItemFile   `yaml:"item"`
	Value         number          `yaml:"value"`
	Currency      text            `yaml:"currency"`
	TransactionID text            `yaml:"transaction_id"`
	Coupon        text            `yaml:"coupon"`
	Items         []testLineFile  `yaml:"items"`
	Campaign      text            `yaml:"campaign"`
	Variant       text            `yaml:"variant"`
	Properties    table[anything] `yaml:"properties"`
}

type testPageFile struct {
	URL      text          `yaml:"url,required"`
	Title    text          `yaml:"title"`
	Type     text          `yaml:"type"`
	Lang     text          `yaml:"lang"`
	Referrer text          `yaml:"referrer"`
	Item     *testItemFile `yaml:"item"`
}

// testItemFile is the product a page shows.
type testItemFile struct {
	ID       text   `yaml:"id"`
	Name     text   `yaml:"name"`
	Category text   `yaml:"category"`
	Brand    text   `yaml:"brand"`
	Price    number `yaml:"price"`
}

// testLineFile is one line of a cart or an order.
type testLineFile struct {
	ID       text   `yaml:"item_id"`
	Name     text   `yaml:"item_name"`
	Category text   `yaml:"item_category"`
	Brand    text   `yaml:"item_brand"`
	Price    number `yaml:"price"`
	Quantity number `yaml:"quantity"`
}

type testContextFile struct {
	Device    text `yaml:"device"`
	UserAgent text `yaml:"user_agent"`
	Country   text `yaml:"country"`
	Language  text `yaml:"language"`
}

type testFactsFile struct {
	CouponsLeft     table[integer] `yaml:"coupons_left"`
	OperatorsOnline integer        `yaml:"operators_online"`
}

// whenFile is `-2d`, two days before now, or a moment.
type whenFile struct{ text }

func (w *whenFile) read(r *reader, n *node, path string) {
	if n.kind != str {
		r.expected(n, path, "a time", whenHint)
		return
	}
	w.S, w.At = n.text, n
}

const whenHint = "write -2d, -30m, or a moment such as 2026-12-05T20:58; leave it out for now itself"

// happenedFile is what happened in the browser: `exit_intent`, `dwell:30s`, or
// the latter as campaign files write it, `{dwell: 30s}`.
type happenedFile struct {
	S  string
	At *node
}

func (h *happenedFile) read(r *reader, n *node, path string) {
	const hint = "write exit_intent, {dwell: 30s} or the name of an event"
	switch {
	case n.kind == str:
		h.S, h.At = n.text, n
	case n.kind == mapping && len(n.pairs) == 1 && n.pairs[0].value.kind == str:
		h.S, h.At = n.pairs[0].key.text+":"+n.pairs[0].value.text, n.pairs[0].key
	default:
		r.expected(n, path, "a trigger", hint)
	}
}

// outcomeFile is `any`, `none`, `control`, `armed`, a variant's id, or with
// more to say `{none: rule_false}` and `{armed: [exit_intent]}`.
type outcomeFile struct {
	Word  text
	None  text            // of {none: …}
	Armed oneOrMany[text] // of {armed: …}
}

func (o *outcomeFile) read(r *reader, n *node, path string) {
	if n.kind != mapping {
		o.Word.read(r, n, path)
		return
	}
	var args struct {
		None  text            `yaml:"none"`
		Armed oneOrMany[text] `yaml:"armed"`
	}
	r.decode(n, path, &args)
	if o.None, o.Armed = args.None, args.Armed; len(n.pairs) != 1 {
		r.failWith(n, path, "value", "one outcome at a time", "write any, none, {none: rule_false} or {armed: exit_intent}")
	}
}

// anything is a value of any kind, as JSON would have it.
type anything struct {
	V  any
	At *node
}

func (a *anything) read(r *reader, n *node, path string) {
	a.V, a.At = plainValue(n), n
	if n.kind == null {
		r.expected(n, path, "a value", "")
	}
}

func plainValue(n *node) any {
	switch n.kind {
	case str:
		return n.text
	case integral, decimal:
		return n.float
	case boolean:
		return n.whole == 1
	case sequence:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = plainValue(item)
		}
		return list
	case mapping:
		fields := make(map[string]any, len(n.pairs))
		for _, p := range n.pairs {
			fields[p.key.text] = plainValue(p.value)
		}
		return fields
	}
	return nil
}
