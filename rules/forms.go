package rules

import "regexp"

func like(form *regexp.Regexp) map[string]any { return map[string]any{"pattern": form.String()} }

func atLeast(n int) map[string]any { return map[string]any{"minimum": n} }

func textUpTo(n int) map[string]any { return map[string]any{"minLength": 1, "maxLength": n} }

func oneOfWords(words []string) map[string]any { return map[string]any{"enum": words} }

var (
	lengthOfTime = map[string]any{"pattern": durationForm.String(), "minLength": 2, "not": map[string]any{"pattern": "^[0dhms]+$"}}
	period       = map[string]any{"anyOf": []any{oneOfWords(periods), lengthOfTime}}
	limitForm    = map[string]any{"anyOf": []any{
		map[string]any{"required": []string{"max"}, "not": map[string]any{"required": []string{"after"}}},
		map[string]any{"required": []string{"after"}, "not": map[string]any{"anyOf": []any{
			map[string]any{"required": []string{"max"}}, map[string]any{"required": []string{"per"}}}}},
	}}
	addressForm = map[string]any{"maxLength": 2048,
		"pattern": `^([Hh][Tt][Tt][Pp][Ss]?://[^/\x00-\x20\\]|[^:/?#\x00-\x20\\]*([/?#]|$))[^\x00-\x20\x7f\\]*$`}
	aroundForm = map[string]any{"anyOf": []any{map[string]any{"pattern": "^[+-]" + durationForm.String()[1:]}, dateForm}}

	dateForm = map[string]any{"pattern": `^\d{4}-\d{2}-\d{2}(T\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$`}
)

// forms is what the loader asks of a value beyond its kind, in the words of JSON
// Schema, by the value's place. A form may be laxer than the loader, whose word
// is the last, and never stricter: an editor must not mark what loads.
var forms = map[string]map[string]any{
	"campaign.id":                          like(idForm),
	"campaign.name":                        {"maxLength": 200},
	"campaign.status":                      oneOfWords(statuses),
	"campaign.pages":                       {"pattern": `^!?(/|\*\*)[^?#\[\]{}\\]*$`},
	"campaign.on":                          oneOfWords(plainTriggers),
	"campaign.on.event":                    like(eventForm),
	"campaign.on.absent.event":             like(eventForm),
	"campaign.on.absent.after":             like(eventForm),
	"campaign.on.in_view":                  textUpTo(72),
	"campaign.on.at":                       {"pattern": `^event\.[a-z][a-z0-9_]*$`},
	"campaign.on.offset":                   {"pattern": "^-?" + durationForm.String()[1:], "minLength": 2},
	"campaign.variants.also":               {"maxItems": maxAlso},
	"campaign.variants.action.subject":     {"maxLength": 200},
	"campaign.schedule.from":               dateForm,
	"campaign.schedule.until":              dateForm,
	"campaign.schedule.days":               oneOfWords(dayNames),
	"campaign.schedule.hours":              like(hoursForm),
	"campaign.schedule.timezone":           {"minLength": 1},
	"campaign.frequency":                   limitForm,
	"campaign.frequency.max":               atLeast(1),
	"campaign.frequency.per":               period,
	"campaign.frequency.after":             {"minProperties": 1},
	"campaign.frequency.after.closes":      atLeast(1),
	"campaign.frequency.after.clicks":      atLeast(1),
	"campaign.frequency.after.conversions": atLeast(1),
	"campaign.guardrails":                  oneOfWords(guardrails),
	"campaign.allocation":                  oneOfWords(allocations),
	"campaign.slot":                        textUpTo(200),
	"campaign.layer":                       like(idForm),
	"campaign.salt":                        like(idForm),
	"campaign.goal.event":                  like(eventForm),
	"campaign.goal.value":                  like(eventForm),
	"campaign.variants":                    {"minItems": 1},
	"campaign.variants.id":                 like(idForm),
	"campaign.variants.weight":             {"minimum": 0, "maximum": 1_000_000},
	"campaign.variants.action.type":        oneOfWords(actionTypes),
	"campaign.variants.action.title":       {"maxLength": 200},
	"campaign.variants.action.url":         {"pattern": "^https?://", "maxLength": 2048},
	"campaign.variants.action.unsubscribe": {"pattern": "^(https://|mailto:)"},
	"campaign.variants.action.body":        {"maxLength": 10_000},
	"campaign.variants.action.button":      {"maxLength": 60},
	"campaign.variants.action.code":        textUpTo(64),
	"campaign.variants.action.image":       addressForm,
	"campaign.variants.action.link":        addressForm,
	"campaign.variants.action.theme":       like(tokenForm),
	"campaign.variants.action.position":    like(tokenForm),
	"campaign.variants.action.items":       {"maxItems": maxItems},
	"campaign.variants.action.items.name":  {"maxLength": 200},
	"campaign.variants.action.items.url":   addressForm,
	"campaign.variants.action.items.image": addressForm,
	"campaign.variants.action.items.price": atLeast(0),

	"campaign.variants.action.selector":          textUpTo(maxPlace),
	"campaign.variants.action.html":              textUpTo(maxHTML),
	"campaign.variants.action.thanks":            {"maxLength": 200},
	"campaign.variants.action.event":             like(eventForm),
	"campaign.variants.action.limit":             {"minimum": 1, "maximum": maxRankedLimit},
	"campaign.variants.action.questions":         {"minItems": 1, "maxItems": maxQuestions},
	"campaign.variants.action.questions.id":      like(idForm),
	"campaign.variants.action.questions.type":    oneOfWords(questionTypes),
	"campaign.variants.action.questions.text":    {"maxLength": 200},
	"campaign.variants.action.questions.options": {"maxItems": maxOptions},
	"campaign.variants.action.channels":          {"minItems": 1, "maxItems": maxChannels},
	"campaign.variants.action.channels.type":     oneOfWords(chatTypes),
	"campaign.variants.action.channels.label":    {"maxLength": 40},
	"campaign.variants.action.channels.hook":     {"maxLength": 100},
	"campaign.variants.action.channels.days":     oneOfWords(dayNames),
	"campaign.variants.action.channels.hours":    like(hoursForm),

	"site.timezone":         {"minLength": 1},
	"site.currency":         like(currencyForm),
	"site.traits":           {"propertyNames": like(eventForm)},
	"site.traits.*.type":    oneOfWords(traitTypes),
	"site.traits.*.trust":   oneOfWords(traitTrusts),
	"site.origins":          {"pattern": `^https?://[^/?#]+$`},
	"site.consent":          oneOfWords(consents),
	"site.alerts.webhook":   {"pattern": "^https?://", "maxLength": 2048},
	"site.budget.*":         {"required": []string{"max"}},
	"site.channels.*":       {"oneOf": []any{map[string]any{"required": []string{"link"}}, map[string]any{"required": []string{"hook"}}}},
	"site.budget.*.max":     atLeast(1),
	"site.budget.*.per":     period,
	"site.channels.*.days":  oneOfWords(dayNames),
	"site.channels.*.hours": like(hoursForm),

	"segments.segments":        {"propertyNames": like(idForm)},
	"segments.derived":         {"propertyNames": like(eventForm)},
	"segments.derived.*.event": like(eventForm),

	"tests.tests.now":             dateForm,
	"tests.tests.visitor.id":      textUpTo(128),
	"tests.tests.visitor.user_id": textUpTo(128),
	"tests.tests.events.at":       {"anyOf": []any{map[string]any{"pattern": "^-" + durationForm.String()[1:]}, dateForm}},
	"tests.tests.events.name":     like(eventForm),
	"tests.tests.context.device":  oneOfWords(wordsOf["device.type"]),
	"tests.tests.context.country": {"pattern": "^[A-Z]{2}$"},
	"tests.tests.consent":         oneOfWords([]string{"granted", "denied", "unknown"}),
	"tests.tests.expect":          {"minProperties": 1},
	"tests.tests.until":           aroundForm,
	"tests.tests.sent.at":         aroundForm,
	"tests.tests.sent.type":       oneOfWords(sendTypes),
}
