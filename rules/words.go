package rules

// Words that a key may hold, stated once: the loader refuses every other, the
// schema completes them and the reference explains them.
var (
	statuses    = []string{"draft", "shadow", "live", "paused", "ended"}
	actionTypes = []string{"banner", "modal", "slide_in", "coupon", "inline", "survey", "chat", "ranking", "redirect", "html", "webhook", "email"}
	periods     = []string{"session", "day", "lifetime"} // besides a length of time
	allocations = []string{"fixed", "bandit"}
	guardrails  = []string{"conversion", "value", "errors", "closes"}
	consents    = []string{"opt_in", "opt_out"}
	traitTypes  = []string{"string", "number", "boolean"}
	traitTrusts = []string{"any", "signed"}
)

// operators are what joins values in a rule.
var operators = []string{
	"==", "!=", "<", "<=", ">", ">=", "in", "not in", "..",
	"&&", "||", "!", "contains", "startsWith", "endsWith", "matches",
	"+", "-", "*", "/", "%", "**", "?:",
}
