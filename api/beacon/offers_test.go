package beacon_test

var couponAction = offer{
	"type": "coupon", "title": "今だけ10%OFFクーポン", "body": "ご注文前にどうぞ。\n対象はすべてのお茶です。", "code": "TEA-2026-AKI",
	"expires_at": "2030-11-22T21:00:00+09:00", "image": "/tea.png", "link": "/items", "button": "クーポンを使ってお買い物",
}

var bannerAction = offer{
	"type": "banner", "title": "はじめてのお客様へ、送料無料", "body": "5,000円以上のご注文で、全国どこでも送料をいただきません。",
	"image": "/tea.png", "link": "/shipping", "button": "詳しく見る",
}

var rankingAction = offer{
	"type": "ranking", "title": "今週の人気ランキング", "link": "/ranking", "button": "すべて見る",
	"items": []offer{
		{"name": "深蒸し煎茶 静岡産 100g", "url": "/items/1", "image": "/tea.png", "price": 1080},
		{"name": "宇治抹茶 缶入り 40g", "url": "/items/2", "image": "/tea.png", "price": 2160},
		{"name": "加賀棒ほうじ茶 ティーバッグ 20包", "url": "/items/3", "image": "/tea.png", "price": 864},
		{"name": "京都の玄米茶", "url": "/items/4", "image": "/tea.png", "price": 648},
		{"name": "和紅茶 べにふうき", "url": "/items/5", "image": "/tea.png", "price": "1,296円（税込）"},
	},
}

var modalAction = offer{
	"type": "modal", "title": "会員登録で500ポイント", "body": "ご登録は1分ほど。次のお買い物からすぐにお使いいただけます。", "image": "/tea.png", "link": "/signup", "button": "登録してポイントを受け取る",
}

var slideAction = offer{
	"type": "slide_in", "title": "新茶が入荷しました", "body": "静岡・牧之原の一番茶。やわらかな甘みをお楽しみください。", "image": "/tea.png", "link": "/items/1", "button": "新茶を見る",
}

var inlineAction = offer{
	"type": "inline", "selector": "#place", "height": offer{"mobile": 190, "desktop": 96}, "title": "あと1,200円で送料無料", "body": "ご一緒にほうじ茶はいかがですか。", "image": "/tea.png", "link": "/items/3", "button": "ほうじ茶を見る",
}

var inlineItems = offer{
	"type": "inline", "selector": "#place", "height": offer{"mobile": 300, "desktop": 290}, "title": "こちらもおすすめです", "items": rankingAction["items"],
}

var surveyAction = offer{
	"type": "survey", "title": "お買い物はいかがでしたか？", "body": "30秒ほどで終わります。", "thanks": "貴重なご意見をありがとうございました。",
	"questions": []offer{
		{"id": "stars", "type": "stars", "text": "お店の使いやすさを教えてください", "required": true},
		{"id": "recommend", "type": "nps", "text": "ご友人にすすめたいと思われますか？"},
		{"id": "doubt", "type": "choice", "text": "迷われたところはありますか？", "options": []string{"味の違い", "量", "送料", "とくになし"}},
		{"id": "words", "type": "text", "text": "ご意見をお聞かせください"},
	},
}

var chatAction = offer{
	"type": "chat", "title": "お茶選びでお困りですか", "body": "日本茶インストラクターがお答えします。",
	"channels": []offer{
		{"type": "chat", "hook": "Desk.open"}, {"type": "phone", "link": "tel:0312345678"}, {"type": "line", "link": "https://line.me/R/ti/p/x"},
		{"type": "video", "link": "/book"}, {"type": "form", "link": "/contact"}, {"type": "faq", "link": "/faq"},
	},
}

var htmlAction = offer{
	"type": "html", "title": "年末年始の営業",
	"html": []any{[]any{"p", "12月31日は", []any{"b", "17時"}, "まで。"}, []any{"ul", []any{"li", "配送は", []any{"a", offer{"href": "/shipping"}, "こちら"}}, []any{"li", "お電話は", []any{"a", offer{"href": "tel:0312345678"}, "03-1234-5678"}}}},
}

// shows gives one decision that opens at once.
func shows(campaign, slot string, action any) offer {
	return offer{"campaign": campaign, "variant": "v1", "control": action == nil, "slot": slot, "armed": false, "action": action, "token": "t-" + campaign, "phase": "1"}
}

// waits gives one armed decision.
func waits(campaign, slot string, on ...string) offer {
	return offer{"campaign": campaign, "slot": slot, "armed": true, "on": on}
}
