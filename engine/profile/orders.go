package profile

import (
	"fmt"
	"hash/fnv"
	"slices"
)

// Order is one purchase with a transaction id, as it was counted.
type Order struct {
	ID    uint64 // hash of the transaction id, 42 bits
	At    int64
	Value float64
	Bare  bool // it told no value: Value is what its items add up to
	By    int  // place of the browser that told
}

// Orders are written down packed, as series are: see digit.
type Orders []Order

func orderID(transaction string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(transaction))
	sum := h.Sum64()
	return (sum ^ sum>>(6*markWidth)) & (1<<(6*markWidth) - 1)
}

// ordered is the place of an order, -1 if it is not known.
func (p *Profile) ordered(id uint64) int {
	return slices.IndexFunc(p.Orders, func(o Order) bool { return o.ID == id })
}

// MarshalJSON writes a text; nothing in it needs to be escaped.
func (list Orders) MarshalJSON() ([]byte, error) {
	buf := append(make([]byte, 0, 2+24*len(list)), '"')
	at := int64(0)
	for _, o := range list {
		later := o.At - at
		who := uint64(o.By) << 1
		if o.Bare {
			who |= 1
		}
		buf = appendNumber(buf, uint64(later<<1^later>>63))
		buf = appendMark(appendAmount(buf, o.Value), o.ID)
		buf = appendNumber(buf, who)
		at = o.At
	}
	return append(buf, '"'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (list *Orders) UnmarshalJSON(raw []byte) error {
	if len(raw) < 2 || raw[0] != '"' {
		return fmt.Errorf("orders are kept as a text, not as %.20s", raw)
	}
	r, at := reader{text: string(raw[1 : len(raw)-1])}, int64(0)
	*list = nil
	for {
		n := r.number()
		o := Order{At: at + (int64(n>>1) ^ -int64(n&1)), Value: r.amount(), ID: r.mark()}
		who := r.number()
		if r.over {
			return nil
		}
		at, o.Bare, o.By = o.At, who&1 == 1, int(who>>1)
		*list = append(*list, o)
	}
}
