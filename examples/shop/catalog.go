package shop

import "slices"

// Category is a shelf of the shop.
type Category struct {
	ID, Name string
	Lead     string // one sentence under the heading
}

// Item is one article. Prices are yen, tax included.
type Item struct {
	ID, Name, Category, Brand string
	Price                     int
	Sizes                     []string // empty: one size for all
	FreeShipping              bool     // an order with one of these ships free
	Lead                      string   // one line for cards
	About                     string   // the paragraph of its page
	Material, Care            string
}

// Picture is the path of the item's drawing.
func (i Item) Picture() string { return "/pictures/" + i.ID + ".svg" }

// Points are the loyalty points that buying one brings: one for every 100 yen.
func (i Item) Points() int { return i.Price / 100 }

// trialSet is the article of /trial; it is sold there and belongs to gifts.
const trialSet = "trial-set"

// Catalog is everything the shop sells.
type Catalog struct {
	Categories []Category
	Items      []Item
	Weekly     []string // ids of this week's best sellers, best first
}

// Item finds an item by its id.
func (c Catalog) Item(id string) (Item, bool) {
	i := slices.IndexFunc(c.Items, func(item Item) bool { return item.ID == id })
	if i < 0 {
		return Item{}, false
	}
	return c.Items[i], true
}

// Category finds a category by its id.
func (c Catalog) Category(id string) (Category, bool) {
	i := slices.IndexFunc(c.Categories, func(category Category) bool { return category.ID == id })
	if i < 0 {
		return Category{}, false
	}
	return c.Categories[i], true
}

// Where returns the items that keep says yes to, in the catalog's order.
func (c Catalog) Where(keep func(Item) bool) []Item {
	var items []Item
	for _, item := range c.Items {
		if keep(item) {
			items = append(items, item)
		}
	}
	return items
}

// Ranking returns this week's best sellers, best first.
func (c Catalog) Ranking() []Item {
	var items []Item
	for _, id := range c.Weekly {
		if item, ok := c.Item(id); ok {
			items = append(items, item)
		}
	}
	return items
}

// Related returns up to n other items of the same category, filled up with best sellers.
func (c Catalog) Related(to Item, n int) []Item {
	items := c.Where(func(i Item) bool { return i.Category == to.Category && i.ID != to.ID })
	for _, best := range c.Ranking() {
		if best.ID != to.ID && best.Category != to.Category {
			items = append(items, best)
		}
	}
	return items[:min(n, len(items))]
}
