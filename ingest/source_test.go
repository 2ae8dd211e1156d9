package ingest

import (
	"net/url"
	"testing"
)

// What brought a visitor: tags first, then an advertiser's click, then the referrer.
func TestSourceOf(t *testing.T) {
	t.Parallel()
	const shop = "https://www.shop.co.jp/"
	for _, c := range []struct{ page, referrer, want string }{
		{shop, "", "direct"},
		{shop, "https://www.google.com/", "search"},
		{shop, "https://www.google.co.jp/search?q=靴", "search"},
		{shop, "https://search.yahoo.co.jp/search?p=靴", "search"},
		{shop, "https://www.yahoo.co.jp/", "search"},
		{shop, "https://yahoo.co.jp", "search"},
		{shop, "https://jp.search.yahoo.com/", "search"},
		{shop, "https://www.bing.com/search?q=x", "search"},
		{shop, "https://duckduckgo.com/", "search"},
		{shop, "https://search.goo.ne.jp/web.jsp", "search"},
		{shop, "https://search.biglobe.ne.jp/", "search"},
		{shop, "https://websearch.rakuten.co.jp/", "search"},
		{shop, "https://service.smt.docomo.ne.jp/portal/", "referral"},
		{shop, "https://search.smt.docomo.ne.jp/result", "search"},
		{shop, "android-app://com.google.android.googlequicksearchbox/", "search"},
		// The same firms' other houses only refer.
		{shop, "https://news.yahoo.co.jp/articles/1", "referral"},
		{shop, "https://store.shopping.yahoo.co.jp/x", "referral"},
		{shop, "https://item.rakuten.co.jp/x", "referral"},
		{shop, "https://docs.google.com/document", "referral"},
		{shop, "https://mail.google.com/", "email"},
		{shop, "https://mail.yahoo.co.jp/", "email"},
		{shop, "https://jp.mail.yahoo.com/", "email"},
		{shop, "android-app://com.google.android.gm/", "email"},
		{shop, "https://gemini.google.com/", "ai"},
		{shop, "https://chatgpt.com/", "ai"},
		{shop, "https://www.perplexity.ai/search", "ai"},
		{shop, "https://felo.ai/", "ai"},
		{shop, "https://t.co/abc", "social"},
		{shop, "https://liff.line.me/1", "social"},
		{shop, "https://lin.ee/abc", "social"},
		{shop, "https://l.instagram.com/", "social"},
		{shop, "https://m.facebook.com/", "social"},
		{shop, "https://b.hatena.ne.jp/entry", "social"},
		{shop, "android-app://jp.naver.line.android/", "social"},
		{shop, "https://blog.example.jp/review", "referral"},
		{shop, "https://LINE.ME/", "social"},
		{shop, "not a url at all", "direct"},
		{shop, "https://%zz/", "direct"},
		// A step inside the shop brings nobody.
		{shop, "https://www.shop.co.jp/items/1", "none"},
		{shop, "https://blog.shop.co.jp/", "none"},
		{shop, "https://another.co.jp/", "referral"},
		{"http://localhost:8080/cart", "http://localhost:3000/", "none"},
		{"http://192.168.0.1/", "http://192.168.0.1:8080/", "none"},
		{"http://192.168.0.1/", "http://10.9.0.1/", "referral"},
		{"https://one.myshopify.com/", "https://two.myshopify.com/", "referral"},
		{shop + "?utm_source=news&utm_medium=email", "https://www.shop.co.jp/", "email"},
		{shop + "?gclid=1", "https://www.shop.co.jp/items/1", "paid"},
		// Tags.
		{shop + "?utm_source=newsletter&utm_medium=email", "", "email"},
		{shop + "?utm_source=google&utm_medium=cpc", "https://www.google.co.jp/", "paid"},
		{shop + "?utm_source=google&utm_medium=CPC", "", "paid"},
		{shop + "?utm_source=criteo&utm_medium=retargeting", "", "paid"},
		{shop + "?utm_source=a8&utm_medium=affiliate", "", "paid"},
		{shop + "?utm_source=yahoo&utm_medium=paid_search", "", "paid"},
		{shop + "?utm_source=google&utm_medium=organic", "", "search"},
		{shop + "?utm_source=instagram&utm_medium=social", "", "social"},
		{shop + "?utm_source=corp&utm_medium=sns", "", "social"},
		{shop + "?utm_source=LINE&utm_medium=richmenu", "", "social"},
		{shop + "?utm_source=partner&utm_medium=link", "", "referral"},
		{shop + "?utm_source=partner", "https://www.google.co.jp/", "search"},
		{shop + "?utm_campaign=winter", "", "direct"},
		// Clicks on ads; Facebook puts its id on every link.
		{shop + "?gclid=abc", "https://www.google.co.jp/", "paid"},
		{shop + "?gclid=abc&utm_source=google&utm_medium=organic", "https://www.google.co.jp/", "search"},
		{shop + "?yclid=abc", "https://search.yahoo.co.jp/", "paid"},
		{shop + "?ldtag_cl=abc", "", "paid"},
		{shop + "?fbclid=abc", "https://l.facebook.com/", "social"},
		{shop + "?fbclid=abc", "", "social"},
		{shop + "?fbclid=abc", "https://www.shop.co.jp/", "none"},
	} {
		page, err := url.Parse(c.page)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if s := SourceOf(page, c.referrer); s != nil {
			got = s.Channel
		}
		if got != c.want {
			t.Errorf("%s from %q: %s, want %s", c.page, c.referrer, got, c.want)
		}
	}
}

// The tags are kept as they were written.
func TestSourceOfKeepsTags(t *testing.T) {
	t.Parallel()
	page, err := url.Parse("https://shop.example/?utm_source=LINE&utm_medium=message&utm_campaign=%E5%86%AC&utm_term=%E9%9D%B4&utm_content=a")
	if err != nil {
		t.Fatal(err)
	}
	want := Source{Channel: "social", ReferrerHost: "liff.line.me", Source: "LINE", Medium: "message", Campaign: "冬", Term: "靴", Content: "a"}
	if got := SourceOf(page, "https://liff.line.me:443/x"); got == nil || *got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
