package rules

import "fmt"

// guardFile is a guardrail's word, or a mapping of one or more words that bear a
// limit of their own.
type guardFile struct {
	At   *node
	Word string
	Args guardArgs
}

type guardArgs struct {
	Errors share `yaml:"errors"`
	Closes share `yaml:"closes"`
}

func (g *guardFile) read(r *reader, n *node, path string) {
	if n.kind != str && n.kind != mapping {
		r.expected(n, path, "a guardrail", "write conversion, value, errors or closes, or {closes: 60%}")
		return
	}
	g.At = n
	if n.kind == str {
		g.Word = n.text
		return
	}
	for _, word := range guardrails[:2] {
		if v := n.value(word); v != nil {
			r.failWith(v, join(path, word), "value", word+" takes no limit: no loss of it is borne", "write "+word+" alone")
			return
		}
	}
	r.decode(n, path, &g.Args)
	if len(n.pairs) == 0 {
		r.failWith(n, path, "missing", "which guardrail?", "write {closes: 60%} or {errors: 5%}")
	}
}

// guardrails checks what a campaign is watched by: all four unless told.
func (r *reader) guardrails(f *campaignFile) Guardrails {
	if !f.At.has("guardrails") {
		return Guardrails{Conversion: true, Value: true, Errors: true, Closes: true}
	}
	var g Guardrails
	watch := map[string]*bool{"conversion": &g.Conversion, "value": &g.Value, "errors": &g.Errors, "closes": &g.Closes}
	for i, one := range f.Guardrails {
		path := fmt.Sprintf("guardrails[%d]", i)
		add := func(n *node, word string) {
			if *watch[word] {
				r.fail(n, path, "duplicate", "%s is given twice", word)
			}
			*watch[word] = true
		}
		limit := func(s share, word string) float64 {
			if s.At == nil {
				return 0
			}
			add(s.At, word)
			if s.N == 0 {
				r.failWith(s.At, join(path, word), "value", "a limit of nothing would stop the campaign for chance alone", fmt.Sprintf("write a share above 0%%, or %s alone for what is borne unless told", word))
			}
			return float64(s.N) / 10_000
		}
		switch {
		case one.At == nil:
		case one.At.kind == str:
			if r.oneOf(text{one.Word, one.At}, path, guardrails...) {
				add(one.At, one.Word)
			}
		default:
			g.ErrorsLimit = max(g.ErrorsLimit, limit(one.Args.Errors, "errors"))
			g.ClosesLimit = max(g.ClosesLimit, limit(one.Args.Closes, "closes"))
		}
	}
	return g
}

// allocation says whether a campaign's weights move by themselves.
func (r *reader) allocation(f *campaignFile) (bandit bool) {
	if !r.oneOf(f.Allocation, "allocation", allocations...) || f.Allocation.S != "bandit" {
		return false
	}
	if len(f.Variants) < 2 {
		r.failWith(f.Allocation.At, "allocation", "value", "a bandit chooses between variants, and there are not two of them", "add another variant, or leave allocation out")
	}
	return true
}

// alerts checks where the site is told of what the server decides by itself.
func (r *reader) alerts(f *alertsFile) Alerts {
	if f == nil || f.At == nil {
		return Alerts{}
	}
	if f.Webhook.At == nil {
		if !f.At.has("webhook") {
			r.failWith(f.At, "alerts", "missing", "alerts go nowhere", "alerts: {webhook: https://chat.example/hook}")
		}
		return Alerts{}
	}
	r.hookURL(f.Webhook, "alerts.webhook")
	return Alerts{Webhook: f.Webhook.S}
}
