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

// shows gives one decision that opens at once.
func shows(campaign, slot string, action any) offer {
	return offer{"campaign": campaign, "variant": "v1", "control": action == nil, "slot": slot, "armed": false, "action": action, "token": "t-" + campaign, "phase": "1"}
}

// waits gives one armed decision.
func waits(campaign, slot string, on ...string) offer {
	return offer{"campaign": campaign, "slot": slot, "armed": true, "on": on}
}
