package shop

import "net/http"

func (s *Shop) top(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type = "top"
	p.Items = s.catalog.Where(func(i Item) bool { return i.ID != trialSet })[:8]
	p.Ranking = s.catalog.Ranking()[:3]
	s.render(w, http.StatusOK, "top", p)
}

func (s *Shop) item(w http.ResponseWriter, r *http.Request) {
	item, ok := s.catalog.Item(r.PathValue("id"))
	if !ok {
		s.notFound(w, r)
		return
	}
	p := s.begin(w, r)
	p.Type, p.Title, p.Item = "item", item.Name, &item
	p.Items = s.catalog.Related(item, 4)
	p.Events = append(p.Events, newEvent("view_item", Line{Item: item, Quantity: 1}))
	s.render(w, http.StatusOK, "item", p)
}

func (s *Shop) category(w http.ResponseWriter, r *http.Request) {
	category, ok := s.catalog.Category(r.PathValue("id"))
	if !ok {
		s.notFound(w, r)
		return
	}
	p := s.begin(w, r)
	p.Type, p.Title, p.Heading, p.Lead = "category", category.Name, category.Name, category.Lead
	p.Items = s.catalog.Where(func(i Item) bool { return i.Category == category.ID })
	s.render(w, http.StatusOK, "list", p)
}

func (s *Shop) ranking(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type, p.Title = "ranking", "今週の人気ランキング"
	p.Ranking = s.catalog.Ranking()
	s.render(w, http.StatusOK, "ranking", p)
}

func (s *Shop) shipping(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type, p.Title = "info", "送料とお届けについて"
	p.Items = s.catalog.Where(func(i Item) bool { return i.FreeShipping && i.ID != trialSet })[:4]
	s.render(w, http.StatusOK, "shipping", p)
}

func (s *Shop) contact(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type, p.Title = "info", "お問い合わせ"
	s.render(w, http.StatusOK, "contact", p)
}

func (s *Shop) freeShipping(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type, p.Title, p.Heading = "category", "送料無料の商品", "送料無料の商品"
	p.Lead = "この中の1点でもお選びいただければ、ご注文すべての送料が無料になります。"
	p.Items = s.catalog.Where(func(i Item) bool { return i.FreeShipping })
	s.render(w, http.StatusOK, "list", p)
}

func (s *Shop) trial(w http.ResponseWriter, r *http.Request) {
	item, ok := s.catalog.Item(trialSet)
	if !ok {
		s.notFound(w, r)
		return
	}
	p := s.begin(w, r)
	p.Type, p.Title, p.Item = "item", item.Name, &item
	p.Ranking = s.catalog.Ranking()[:3]
	p.Events = append(p.Events, newEvent("view_item", Line{Item: item, Quantity: 1}))
	s.render(w, http.StatusOK, "trial", p)
}

func (s *Shop) notFound(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type, p.Title = "missing", "ページが見つかりません"
	p.Ranking = s.catalog.Ranking()[:3]
	s.render(w, http.StatusNotFound, "missing", p)
}

func (s *Shop) account(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	p.Type, p.Title, p.Members = "account", "マイページ", s.members
	s.render(w, http.StatusOK, "account", p)
}

func (s *Shop) login(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.member(r.PostFormValue("member")); ok {
		remember(w, memberCookie, m.ID)
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

func (s *Shop) logout(w http.ResponseWriter, r *http.Request) {
	forget(w, memberCookie)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}
