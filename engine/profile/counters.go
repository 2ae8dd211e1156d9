package profile

// Count is how many events of the stream happened at or after from, in
// milliseconds since 1970; ever, from 0. It is exact where the window holds no
// more than the latest 1,000; beyond, the hour in which the window begins
// counts whole. Of a stream with a field, those that had the field.
func (p *Profile) Count(key string, from int64) float64 {
	x := p.Series[key]
	switch {
	case x == nil:
		return 0
	case from <= 0:
		return float64(x.N)
	}
	n, _ := x.since(from)
	return float64(n)
}

// Sum is what the stream's field adds up to over the events that Count counts.
func (p *Profile) Sum(key string, from int64) float64 {
	x := p.Series[key]
	switch {
	case x == nil:
		return 0
	case from <= 0:
		return x.Total
	}
	_, sum := x.since(from)
	return sum
}

// Uniq is how many different values the stream's field had at or after from;
// ever, from 0. Of more than 1,000 it is 1,000.
func (p *Profile) Uniq(key string, from int64) float64 {
	x := p.Series[key]
	if x == nil {
		return 0
	}
	n, _ := x.since(from)
	return float64(min(n, maxKept))
}

// Latest is when the stream's latest event was (0: never), whatever window its
// counters ask for, and what its field said, if its kind is to know. Of equal
// moments the one that came last counts.
func (p *Profile) Latest(key string) (at int64, text string) {
	if x := p.Series[key]; x != nil {
		return x.latest(), x.Text
	}
	return 0, ""
}

// since counts what is kept of moments at or after from.
func (x *Series) since(from int64) (n int, sum float64) {
	r, first := reader{text: x.List}, int64(0)
	for e, ok := r.next(x.Form, 0); ok; e, ok = r.next(x.Form, e.at) {
		if first == 0 {
			first = e.at
		}
		if e.at >= from {
			n++
			if x.Form == amounts {
				sum += e.amount()
			}
		}
	}
	if x.Hours == "" || from > first { // hours are older than the first
		return n, sum
	}
	for _, h := range unpackHours(x.Hours, x.Form) {
		if (h.n+1)*anHour > from {
			n += int(h.count)
			sum += h.amount
		}
	}
	return n, sum
}

// Absorb adds what a back-fill counted of the events up to epoch, with Add
// into a profile of its own, to what p has counted live since. It does so
// once for each of a person's browsers: false, and nothing changed, where that
// was done before for the one that p is seen from, or p's series
// is of a later epoch. A series of an earlier epoch is forgotten first. Nil
// says that there was nothing before.
func (p *Profile) Absorb(key string, epoch uint64, older *Series) bool {
	x := p.Series[key]
	own := uint32(1) << p.Place
	if x != nil && (x.Epoch > epoch || x.Epoch == epoch && x.Filled&own != 0) {
		return false
	}
	if x == nil || x.Epoch < epoch {
		x = &Series{Epoch: epoch}
		if p.Series == nil {
			p.Series = map[string]*Series{}
		}
		p.Series[key] = x
	}
	x.Filled |= own
	if older != nil {
		x.absorb(older, p)
	}
	return true
}

func (x *Series) absorb(older *Series, p *Profile) {
	x.Form, x.window, x.session = older.Form, older.window, older.session
	x.N += older.N
	x.Total += older.Total
	latest := x.latest()
	if before := older.latest(); before > latest {
		latest, x.Text = before, older.Text
	}
	var horizon int64
	if x.window > 0 || x.session { // else older was written down since, and has forgotten
		horizon = x.horizon(p, latest)
	}
	hours := append(unpackHours(older.Hours, x.Form), unpackHours(x.Hours, x.Form)...)
	x.Hours = packHours(sumHours(hours, horizon), x.Form)
	list := unpack(older.List, x.Form, 0)
	for _, e := range unpack(x.List, x.Form, 0) {
		list = insert(list, e, x.Form)
	}
	room := slack
	if len(hours) > 0 { // of one side; the other's moments may be older than they
		room = 0
	}
	x.keep(list, room, horizon)
	x.trim(horizon)
	x.ends(latest)
}
