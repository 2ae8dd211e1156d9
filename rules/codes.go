package rules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Code is one kind of finding. Word and number never change their meaning.
type Code struct {
	Word     string   // Finding.Code
	ID       string   // OMO001…
	Severity Severity // of its findings; an error cannot be ignored
	English  Explanation
	Japanese Explanation
}

// Explanation says of a code what it means, why that matters, and what to do.
type Explanation struct{ Means, Matters, Do string }

// Codes is every code, by number: below OMO100 what refuses a folder, above it
// what is said and nothing more.
func Codes() []Code { return append([]Code(nil), codes...) }

// CodeOf finds a code by its number or its word; the error names the nearest.
func CodeOf(name string) (Code, error) {
	if c, ok := codeOf(name); ok {
		return c, nil
	}
	return Code{}, errors.New("there is no code " + name + suggestion(name))
}

func codeOf(name string) (Code, bool) {
	for _, c := range codes {
		if strings.EqualFold(c.ID, name) || c.Word == name {
			return c, true
		}
	}
	return Code{}, false
}

func suggestion(name string) string {
	var known []string
	for _, c := range codes {
		known = append(known, strings.ToLower(c.ID), c.Word)
	}
	best := nearest(strings.ToLower(name), known)
	if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToLower(name), "omo")); err == nil {
		if c, ok := codeOf(fmt.Sprintf("OMO%03d", n)); ok { // OMO8, or 8
			best = c.ID
		}
	}
	switch c, _ := codeOf(best); best {
	case "":
		return ""
	case c.Word:
		return ", did you mean " + best + "?"
	default:
		return ", did you mean " + c.ID + "?"
	}
}

func idOf(word string) string {
	for _, c := range codes {
		if c.Word == word {
			return c.ID
		}
	}
	panic("rules: a finding of an unknown code " + word)
}

var codes = []Code{
	{"syntax", "OMO001", Error,
		Explanation{"The file is not YAML, or not UTF-8 text.", "Nothing of a file that cannot be read is known.", "Look at the caret: mostly a missing quote, a tab, or a colon in a text without quotes."},
		Explanation{"ファイルがYAMLとして、またはUTF-8の文字として読めません。", "読めないファイルの中身は何も分かりません。", "印の位置をご確認ください。引用符の閉じ忘れ、タブ、引用符のない文中のコロンが多い原因です。"}},
	{"unknown_key", "OMO002", Error,
		Explanation{"A key that rules files do not have.", "A misspelt key would be a setting that silently does nothing.", "Correct the spelling, or remove the key."},
		Explanation{"設定ファイルにない項目名です。", "つづりを誤った項目は、効かないまま気づかれません。", "つづりを直すか、その行を消してください。"}},
	{"type", "OMO003", Error,
		Explanation{"A value of the wrong kind: a text where a number belongs, a list where a mapping does.", "What was meant cannot be known.", "Write what the finding expects; texts that look like numbers go in quotes."},
		Explanation{"値の種類が違います（数のところに文字、組のところに並び、など）。", "何を意図したのか判断できません。", "求められている種類で書いてください。数に見える文字は引用符で囲みます。"}},
	{"missing", "OMO004", Error,
		Explanation{"A key that must be given is not.", "There is no value that could be assumed.", "Add the key."},
		Explanation{"必要な項目がありません。", "代わりに使える値がありません。", "項目を書き足してください。"}},
	{"duplicate", "OMO005", Error,
		Explanation{"A key, an id or an item is given twice.", "One of the two would win by chance.", "Remove one, or give it a name of its own."},
		Explanation{"同じ項目やidが二度書かれています。", "どちらが使われるかが偶然になります。", "片方を消すか、別の名前にしてください。"}},
	{"value", "OMO006", Error,
		Explanation{"A value that is not allowed here: out of its bounds, not among the known words, of a wrong form.", "It would do something else than was meant, or nothing.", "Write one of the values that the hint names."},
		Explanation{"ここでは使えない値です（範囲外、決まった語にない、書式違いなど）。", "意図と違う動きをするか、何も起こりません。", "ヒントにある値で書いてください。"}},
	{"unsupported", "OMO007", Error,
		Explanation{"A part of the language that this version does not know.", "It is refused and not silently left out.", "Remove it for now, or use a newer version."},
		Explanation{"この版ではまだ使えない書き方です。", "黙って無視せず、はっきりお断りします。", "いまは消すか、新しい版をお使いください。"}},
	{"rule", "OMO008", Error,
		Explanation{"A rule that cannot be understood: an unknown name, a wrong type, a broken expression.", "A rule that fails matches nobody.", "Look at the caret; omo reference lists all names and functions."},
		Explanation{"条件が読み取れません（知らない名前、型の違い、式の誤り）。", "読み取れない条件は、どなたにも当てはまりません。", "印の位置をご確認ください。使える名前は omo reference で一覧できます。"}},
	{"folder", "OMO009", Error,
		Explanation{"The rules folder is not laid out as expected, or a file cannot be read.", "A file that is not read is a campaign that does not run.", "Campaigns are campaigns/*.yaml; site.yaml and segments.yaml lie beside."},
		Explanation{"フォルダの構成が違うか、読めないファイルがあります。", "読まれないファイルの接客は動きません。", "接客は campaigns/*.yaml に、site.yaml と segments.yaml はその隣に置きます。"}},

	{"never_met", "OMO101", Warning,
		Explanation{"A comparison that no visit meets: with a word the field never has, or of a trait that site.yaml does not declare.", "The campaign is silent for ever, without an error.", "Use one of the words that the hint names, or declare the trait."},
		Explanation{"どの来訪にも当てはまらない比較です（その項目が取らない語、または site.yaml で宣言していない属性）。", "エラーにならないまま、接客がいつまでも出ません。", "ヒントにある語を使うか、属性を宣言してください。"}},
	{"never_true", "OMO102", Warning,
		Explanation{"A rule, or a part of it, that no visit can make true: bounds that exclude each other, two different texts for one field.", "Nobody will ever see the campaign.", "Mend the bound, or join with || what may hold by itself. Hours over midnight are now.hour >= 20 || now.hour < 2."},
		Explanation{"決して成り立たない条件です（両立しない範囲、同じ項目に二つの違う値など）。", "この接客はどなたにも表示されません。", "範囲を直すか、片方だけでよい条件は || でつないでください。夜中をまたぐ時間は now.hour >= 20 || now.hour < 2 です。"}},
	{"always_true", "OMO103", Warning,
		Explanation{"A condition that holds for every visit, such as visitor.visits >= 1.", "It looks like a choice and chooses nobody.", "Remove it, or correct what it compares with. A rule for everybody is when: true, or none."},
		Explanation{"どの来訪でも成り立つ条件です（visitor.visits >= 1 など）。", "絞り込んでいるように見えて、何も絞り込んでいません。", "消すか、比べる値を直してください。全員が対象なら when を書かないか when: true とします。"}},
	{"page_never", "OMO104", Warning,
		Explanation{"A page pattern that a later one takes away again, or patterns that leave no page.", "The last pattern that matches decides: the campaign is not shown on these pages.", "Put what takes away (!) before what it must not touch, or remove the pattern."},
		Explanation{"後の指定がすべて打ち消してしまうページ指定です。", "最後に一致した指定が勝つため、そのページには表示されません。", "打ち消し（!）を先に書くか、不要な指定を消してください。"}},
	{"empty_schedule", "OMO105", Warning,
		Explanation{"A schedule that is never open: its days and hours do not fall between from and until.", "The campaign never runs.", "Make the time longer, or change days and hours."},
		Explanation{"一度も開かない日程です（曜日と時間が開始日と終了日の間にありません）。", "この接客は一度も動きません。", "期間を延ばすか、曜日と時間を直してください。"}},
	{"past_schedule", "OMO106", Warning,
		Explanation{"A live campaign whose schedule is over.", "It looks live and does nothing.", "Set status: ended, or a later date."},
		Explanation{"日程がもう終わっている公開中の接客です。", "公開中に見えて、何もしていません。", "status: ended にするか、日付を延ばしてください。"}},
	{"always_beaten", "OMO107", Warning,
		Explanation{"Whenever this campaign could be shown, another one of its slot can, with a higher priority, and nothing bounds that one: no frequency, no share of traffic, no pool, no layer.", "It is never shown, and its results stay empty.", "Give it the higher priority, or bound the other one."},
		Explanation{"この接客を出せるときは必ず、同じ枠の優先度の高い別の接客も出せます。その接客には頻度・割合などの制限がありません。", "一度も表示されず、結果も集まりません。", "優先度を上げるか、もう一方に頻度や条件の制限をつけてください。"}},
	{"tie", "OMO108", Warning,
		Explanation{"Two live campaigns of one slot have the same priority, and a visit can match both.", "The smaller id wins: an accident of naming decides.", "Give one of them a higher priority."},
		Explanation{"同じ枠に優先度の等しい接客が二つあり、同じ来訪に当てはまることがあります。", "idの小さいほうが出ます。名前の偶然で決まってしまいます。", "どちらかの優先度を上げてください。"}},
	{"salt_shared", "OMO109", Warning,
		Explanation{"Two campaigns split visitors by the same salt.", "Whoever gets the first variant of one gets that of the other: neither can be judged alone.", "Leave salt out, or give each its own."},
		Explanation{"二つの接客が同じ salt で来訪者を分けています。", "片方の案に当たる方がもう片方でも同じ側に入り、効果を別々に測れません。", "salt を書かないか、別々の値にしてください。"}},
	{"unused_segment", "OMO110", Warning,
		Explanation{"A segment that no campaign uses.", "Mostly it is left over, or a campaign forgot it.", "Remove it, or use it in a rule."},
		Explanation{"どの接客からも使われていないセグメントです。", "消し忘れか、条件への書き忘れであることがほとんどです。", "消すか、条件の中で使ってください。"}},
	{"weights_zero", "OMO111", Warning,
		Explanation{"A variant that no visitor ever gets: its weight is 0, or less than one of the 10,000 buckets.", "It is written and does not exist.", "Remove it, or give it a weight."},
		Explanation{"どなたにも割り当てられない案です（重みが0か、1万分の1に届きません）。", "書いてあるのに存在しないのと同じです。", "消すか、重みをつけてください。"}},
	{"weights_odd", "OMO112", Warning,
		Explanation{"A variant under 1 %, or weights that look like percentages and do not sum to 100 (a sum of 90 to 110, not all equal). Other sums, such as 1 and 1 or 2 and 1, are shares and good.", "Under 1 % a result takes a hundred times as many visitors; a sum of 90 gives each more than is written.", "Make them sum to 100, and give each variant at least 1 %."},
		Explanation{"1%に満たない案があるか、百分率に見える重みの合計が100になりません（合計90〜110で、すべて等しくはない場合）。1と1、2と1のような比はそのままで正しい書き方です。", "1%未満では結果が出るまでに百倍の来訪者が要ります。合計が90なら、各案は書いた値より多く割り当てられます。", "合計を100にし、各案を1%以上にしてください。"}},
	{"no_control", "OMO113", Warning,
		Explanation{"Every variant shows something.", "Without visitors who see nothing, nobody can say what the campaign brought.", "Add {id: control, weight: 20}, a variant without an action."},
		Explanation{"何も出さない案（未実施）がありません。", "何も見ていない方がいないと、接客の効果を測れません。", "action のない案 {id: control, weight: 20} を加えてください。"}},
	{"many_controls", "OMO114", Warning,
		Explanation{"More than one variant has no action.", "Results compare with one control: the visitors of the others are lost for the comparison.", "Keep one, and put the weights together."},
		Explanation{"何も出さない案が二つ以上あります。", "結果は一つの未実施と比べるため、残りの方々は比較に使えません。", "一つにまとめ、重みを足してください。"}},
	{"shows_nothing", "OMO115", Warning,
		Explanation{"No variant has an action.", "The campaign takes its slot and shows nothing to anybody.", "Give a variant an action, or set status: ended."},
		Explanation{"どの案にも action がありません。", "枠を取るだけで、どなたにも何も表示されません。", "案に action をつけるか、status: ended にしてください。"}},
	{"frequency_missing", "OMO116", Warning,
		Explanation{"A dialog opens on every page view, without any frequency.", "It covers the page again and again, also after it was closed: visitors leave.", "Add frequency: [{max: 1, per: session}, {after: {closes: 1}}]."},
		Explanation{"画面を覆う接客が、頻度の制限なしで毎ページ開きます。", "閉じても何度でも現れ、お客さまが離れてしまいます。", "frequency: [{max: 1, per: session}, {after: {closes: 1}}] を加えてください。"}},
	{"redundant_trigger", "OMO117", Warning,
		Explanation{"page_view beside other triggers.", "All triggers of a list must come together, and a page view always has.", "Remove page_view."},
		Explanation{"ほかのきっかけと並べた page_view です。", "並べたきっかけはすべて揃って初めて開き、ページ表示は必ず済んでいます。", "page_view を消してください。"}},
	{"exit_intent_mobile", "OMO118", Warning,
		Explanation{"A campaign for phones alone waits for an exit intent.", "A phone has no pointer that leaves the window; only a fast scroll upwards tells, and most visitors leave without it.", "Use {dwell: 20s} for phones."},
		Explanation{"スマートフォンだけが対象なのに、離脱の気配（exit_intent）を待っています。", "スマートフォンでは速い上スクロールしか手がかりがなく、多くの方はそれなしに離れます。", "スマートフォンには {dwell: 20s} をお使いください。"}},
	{"endless_countdown", "OMO119", Warning,
		Explanation{"A coupon with expires may come again after its deadline, which stays what the visitor was first told.", "It does not open then (a deadline that comes back is not true, and consumer law, 景品表示法, forbids it), while control counts all the same.", "Add frequency: {max: 1}, once ever."},
		Explanation{"期限つきクーポンが、期限を過ぎてからまた選ばれることがあります。期限は最初にお伝えしたままです。", "やり直せる期限は事実ではなく、景品表示法の有利誤認にあたるおそれがあるため、そのときは開きません。一方で比較対照は数えられ、比べる両側が揃わなくなります。", "frequency: {max: 1}（生涯に一度）を加えてください。"}},
	{"text_too_long", "OMO120", Warning,
		Explanation{"A text takes more lines than its place has on a phone 360 px wide. Room, in lines × full-width characters (half-width ones count half): banner title 2×17, body 3×21, with a picture 2×13 and 4×16, button 1×18; coupon and modal title 2×11, body 8×18, with a picture 4×18, button 1×15; slide_in, survey, chat and html title 2×14, body 5×20, with a picture 2×16 and 3×20, button 1×17, a channel's label 1×15; ranking title 2×7, body 3×9, button 1×8, an item's name 2×9.", "It pushes the button off the screen, or is cut off.", "Shorten it, and leave the rest to the page it links to."},
		Explanation{"幅360pxのスマートフォンで、決まった行数に収まらない文です。目安（行数×全角文字、半角は0.5文字）：バナー 見出し2×17・本文3×21（画像つきは2×13・4×16）・ボタン1×18、クーポンとモーダル 見出し2×11・本文8×18（画像つきは4×18）・ボタン1×15、slide_in・survey・chat・html 見出し2×14・本文5×20（画像つきは2×16・3×20）・ボタン1×17・窓口の名前1×15、ランキング 見出し2×7・本文3×9・ボタン1×8・商品名2×9。", "ボタンが画面の外に押し出されたり、途中で切れたりします。", "短くし、詳しいことはリンク先のページに任せてください。"}},
	{"never_seen", "OMO121", Warning,
		Explanation{"An event or a field that the campaign needs did not come in the last 30 days.", "A goal that nobody can reach reports 0 % for ever.", "Check its spelling, and that the shop sends it."},
		Explanation{"接客が必要とするイベントや項目が、この30日間に一度も届いていません。", "届かない目標の達成率は、いつまでも0%です。", "つづりと、お店のページが送っているかをご確認ください。"}},
	{"ignore_reason", "OMO122", Warning,
		Explanation{"An omo:ignore comment without a reason.", "Whoever reads it later cannot know whether it still holds; it silences nothing.", "Write why: # omo:ignore OMO108 because the two never run in one season."},
		Explanation{"理由のない omo:ignore です。", "後で読む方が、まだ必要かどうか判断できません。理由がない間は効きません。", "理由を書いてください：# omo:ignore OMO108 because 季節が重ならないため"}},
	{"ignore_unused", "OMO123", Warning,
		Explanation{"An omo:ignore comment that silences nothing: no such finding is there, the code is unknown, or it is an error, which no comment silences.", "It would hide the next mistake of that line.", "Remove it, or correct the number."},
		Explanation{"何も抑えていない omo:ignore です（該当する指摘がない、番号が違う、またはエラーで抑えられない）。", "次にその行で起きる誤りを隠してしまいます。", "消すか、番号を直してください。"}},
	{"unused_derived", "OMO124", Warning,
		Explanation{"A derived event that no campaign reads.", "Mostly it is left over, or a campaign forgot it.", "Remove it, or use its name where an event's name goes."},
		Explanation{"どの接客からも使われていない派生イベントです。", "消し忘れか、書き忘れであることがほとんどです。", "消すか、イベント名を書くところで使ってください。"}},
	{"unknown_slot", "OMO125", Warning,
		Explanation{"The site's budget names a slot that no campaign has.", "It limits nothing, and the slot that was meant is not limited.", "Write the slot as campaigns do, or all."},
		Explanation{"site.yaml の budget に、どの接客も使っていない枠の名前があります。", "何も制限されず、意図した枠も制限されません。", "接客と同じ枠の名前か、all を書いてください。"}},
	{"pool_empty", "OMO126", Warning,
		Explanation{"A coupon pool holds no code.", "Nobody can be given one.", "Write the codes into the file, one a line."},
		Explanation{"クーポンの在庫ファイルにコードが一つもありません。", "どなたにもお渡しできません。", "ファイルに一行に一つずつコードを書いてください。"}},
	{"early_event", "OMO127", Warning,
		Explanation{"The rule of a campaign that waits for a trigger reads event.", "Rules are first asked at the page view, and then the event is that page view: the campaign may never come to wait.", "Ask it of the trigger: on: {event: add_to_cart, where: 'event.value > 5000'}."},
		Explanation{"きっかけを待つ接客の条件が event を読んでいます。", "条件はまずページ表示のときに調べられ、そのときの event はページ表示です。待ち始めないまま終わることがあります。", "きっかけのほうに書いてください：on: {event: add_to_cart, where: 'event.value > 5000'}"}},
	{"near_event", "OMO128", Warning,
		Explanation{"An event's name is a slip of the finger away from a known one.", "No such event will ever come, and the campaign neither counts nor opens nor converts.", "Correct the name; if the shop really sends it, say so: # omo:ignore OMO128 because …; with --clickhouse or --data the warehouse tells instead."},
		Explanation{"よく知られたイベント名と一、二文字だけ違う名前です。", "そのようなイベントは届かず、数えることも、開くことも、成果になることもありません。", "名前を直してください。本当に送っている場合は # omo:ignore OMO128 because … と理由を書いてください。--clickhouse か --data を付けると、届いたかどうかで確かめます。"}},
	{"pool_short", "OMO129", Warning,
		Explanation{"A coupon pool that will soon be empty: fewer codes are left than were given in the last 7 days, or, without --clickhouse or --data, it holds fewer than 100.", "When the last code is given the campaign stops for everybody who has none, control included (coupon_out).", "Add codes to the file, one a line: a running server takes them in at once. If so few are meant, say so: # omo:ignore OMO129 because …"},
		Explanation{"もうすぐなくなるクーポンの在庫です（残りが直近7日間にお渡しした数より少ない。--clickhouse も --data もないときは、100枚未満）。", "最後のコードをお渡しすると、まだお持ちでない方への接客は、比較対照も含めて止まります（coupon_out）。", "ファイルに一行に一つずつコードを足してください。動いているサーバーにもすぐ反映されます。少ない数で意図どおりなら # omo:ignore OMO129 because … と理由を書いてください。"}},
}
