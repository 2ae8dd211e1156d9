package rules

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// What may come without consent reads nothing of the visitor and keeps nothing.
func TestContextualCampaigns(t *testing.T) {
	t.Parallel()
	const one = "variants: [{id: a, weight: 1, action: {type: banner, title: t}}]"
	with := map[string]string{
		"yes-everybody": one,
		"yes-context":   `when: page.path == "/cart" && device.type == "mobile" && geo.country == "JP" && now.hour < 12` + "\n" + one,
		"yes-segment":   `when: in_segment("phones") && page.query("utm_source") == "mail"` + "\n" + one,
		"yes-operators": "when: operators_online() > 0\n" + one,
		"yes-slot":      "slot: bar\n" + one,

		"no-visitor":   "when: visitor.visits == 1\n" + one,
		"no-negated":   "when: page.path == \"/\" || !visitor.identified\n" + one,
		"no-trait":     `when: visitor.trait("rank") == "gold"` + "\n" + one,
		"no-session":   "when: session.pageviews > 1\n" + one,
		"no-cart":      "when: cart.value >= 5000\n" + one,
		"no-count":     `when: count("purchase", "30d") == 0` + "\n" + one,
		"no-segment":   `when: in_segment("regulars")` + "\n" + one,
		"no-known":     "when: known(visitor.age)\n" + one,
		"no-exposed":   `when: "!exposed('yes-slot', '7d')"` + "\n" + one,
		"no-control":   "variants: [{id: control, weight: 1}]",
		"no-draw":      "variants: [{id: control, weight: 1}, {id: a, weight: 1, action: {type: banner, title: t}}]",
		"no-frequency": "frequency: {max: 1, per: session}\n" + one,
		"no-trigger":   "on: exit_intent\n" + one,
		"no-traffic":   "traffic: 50%\n" + one,
		"no-layer":     "layer: l\n" + one,
		"no-budget":    "slot: modal\n" + one,
	}
	folder := fstest.MapFS{
		"site.yaml":     {Data: []byte("traits: {rank: {type: string}, age: {type: number}}\nbudget: {modal: {max: 1, per: session}}\n")},
		"segments.yaml": {Data: []byte("segments: {phones: 'device.type == \"mobile\"', regulars: 'visitor.visits > 3'}\n")},
	}
	for id, text := range with {
		folder["campaigns/"+id+".yaml"] = &fstest.MapFile{Data: []byte("id: " + id + "\nstatus: live\n" + text + "\n")}
	}
	set, found := Load(folder)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, c := range set.Campaigns {
		if c.Contextual != strings.HasPrefix(c.ID, "yes-") {
			wrong = append(wrong, c.ID)
		}
	}
	if slices.Sort(wrong); len(wrong) > 0 || len(set.Campaigns) != len(with) {
		t.Errorf("of %d campaigns these are taken for the contrary: %q", len(set.Campaigns), wrong)
	}
}

// What a visitor is told that a campaign reads of it, and no more.
func TestWhatCampaignsRead(t *testing.T) {
	t.Parallel()
	const one = "\nvariants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n"
	with := map[string]struct{ text, want string }{
		"nothing":   {"", ""},
		"several":   {`when: cart.value >= 5000 && visitor.purchases == 0 && page.path == "/cart"`, "cart page visitor"},
		"past":      {`when: count("purchase", "30d") == 0 && now.hour < 12`, "now past"},
		"segment":   {`when: in_segment("phones") || session.pageviews > 1`, "device session"},
		"trigger":   {"on: {event: add_to_cart, where: 'event.value > 5000'}", "event"},
		"any_event": {"on: {event: add_to_cart}", "event"},
		"exit":      {"on: exit_intent", ""},
		"operators": {"when: operators_online() > 0", "fact"},
	}
	folder := fstest.MapFS{
		"segments.yaml":         {Data: []byte("segments: {phones: 'device.type == \"mobile\"'}\n")},
		"campaigns/_draft.yaml": {Data: []byte("id: later\nwhen: visitor.new" + one)},
	}
	for id, row := range with {
		folder["campaigns/"+id+".yaml"] = &fstest.MapFile{Data: []byte("id: " + id + "\nstatus: live\n" + row.text + one)}
	}
	set, found := Load(folder)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	for id, row := range with {
		if got := strings.Join(set.Written(id).Reads, " "); got != row.want {
			t.Errorf("%s reads %q, want %q", id, got, row.want)
		}
	}
	if draft := set.Written("later"); draft == nil || draft.Variant("a") == nil || !slices.Equal(draft.Triggers, []string{"page_view"}) || set.Written("never") != nil {
		t.Errorf("the draft is %+v", draft)
	}
}
