package shop

// Items is everything the shop sells.
func Items() []Item { return assortment().Items }
