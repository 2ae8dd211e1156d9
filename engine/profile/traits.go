package profile

// tell takes in a trait that was told at a moment. Most are told together, so
// only those that were not have moments of their own.
func (p *Profile) tell(name string, v any, at int64) {
	if p.Traits == nil {
		p.Traits = map[string]any{}
	}
	if at != p.Told {
		for other := range p.Traits {
			switch was, apart := p.Earlier[other]; {
			case other == name:
			case !apart:
				if p.Earlier == nil {
					p.Earlier = map[string]int64{}
				}
				p.Earlier[other] = p.Told
			case was == at:
				delete(p.Earlier, other)
			}
		}
		p.Told = at
	}
	delete(p.Earlier, name)
	p.Traits[name] = v
}

// toldAt is when a trait was told.
func (p *Profile) toldAt(name string) int64 {
	if at, apart := p.Earlier[name]; apart {
		return at
	}
	return p.Told
}
