package rules

// Event is the event that triggered the decision; on a page view that page view.
// A number that the event does not carry is Unknown, a text "".
type Event struct {
	Name          string  `expr:"name"` // canonical: purchase, add_to_cart
	Value         float64 `expr:"value"`
	Currency      string  `expr:"currency"`
	TransactionID string  `expr:"transaction_id"`
	Coupon        string  `expr:"coupon"`
	ItemID        string  `expr:"item_id"` // of its first item, or of the item of its page
	ItemName      string  `expr:"item_name"`
	ItemCategory  string  `expr:"item_category"`
	ItemBrand     string  `expr:"item_brand"`
	Price         float64 `expr:"price"`
	Quantity      float64 `expr:"quantity"`
	Path          string  `expr:"path"` // of its page

	Props map[string]any `expr:"-"` // every property: string, float64, bool, or what JSON else holds
}

// Prop answers prop("k"): a property as text, "" when it is missing or not a text.
// Of a longer text it is the first 4,096 bytes.
func (e Event) Prop(key string) string {
	s, _ := e.Props[key].(string)
	return s[:min(len(s), maxText)] // what a shop sends has no bound of its own
}

// PropNumber answers prop_number("k"), Unknown when it is missing or not a number.
func (e Event) PropNumber(key string) float64 {
	if n, ok := e.Props[key].(float64); ok {
		return n
	}
	return Unknown
}

// Facts are the values from outside that a rule may read: read once before a
// decision, only if the set asks for them (Set.FactPools, Set.ReadsOperators).
type Facts struct {
	CouponsLeft     map[string]int // pool → codes that nobody was given; a pool that is not there has none
	OperatorsOnline int
}
