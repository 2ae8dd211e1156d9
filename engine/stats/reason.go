package stats

import (
	"encoding/json"
	"fmt"
)

// Sentence is one thing said in the two languages of the product.
type Sentence struct {
	Ja string `json:"ja"`
	En string `json:"en"`
}

// Reason is a stable code for why a number is not given. JSON: {"code", "ja", "en"}.
type Reason string

// The reasons. A new one needs its text in Reason.Sentence.
const (
	IsControl              Reason = "is_control"
	NoControl              Reason = "no_control"
	NoTreatment            Reason = "no_treatment"
	NoVisitors             Reason = "no_visitors"
	NoVisitorsInControl    Reason = "no_visitors_in_control"
	NoConversions          Reason = "no_conversions"
	NoConversionsInControl Reason = "no_conversions_in_control"
	TooFewConversions      Reason = "too_few_conversions"
	NoVariation            Reason = "no_variation"
	TooFewVisitors         Reason = "too_few_visitors"
	TooMany                Reason = "too_many"
	NotPositive            Reason = "not_positive"
	NothingToDivideBy      Reason = "nothing_to_divide_by"
	TooFewUnits            Reason = "too_few_units"
	NoValue                Reason = "no_value"
	NoValueInControl       Reason = "no_value_in_control"
	NoWeight               Reason = "no_weight"
	AnEmptyArm             Reason = "an_empty_arm"
	Decided                Reason = "decided"
	SplitFirst             Reason = "split_first"
	NoPace                 Reason = "no_pace"
	Inconsistent           Reason = "inconsistent"
	NotFinite              Reason = "not_finite"
	OneArm                 Reason = "one_arm"
	NobodyAccepted         Reason = "nobody_accepted"
	NobodyAnswered         Reason = "nobody_answered"
)

// Sentence is the reason in words.
func (r Reason) Sentence() Sentence {
	switch r {
	case IsControl:
		return Sentence{"未実施（control）自身なので比べる相手がありません", "this is the control itself: there is nothing to compare it with"}
	case NoControl:
		return Sentence{"アクションなしのバリアント（control）がないので比較できません", "the campaign has no variant without action (control) to compare with"}
	case NoTreatment:
		return Sentence{"配分のあるバリアントが未実施（control）のほかにありません", "no variant but the control has any weight"}
	case NoVisitors:
		return Sentence{"このバリアントに接触したビジターがまだいません", "no visitor was exposed to this variant yet"}
	case NoVisitorsInControl:
		return Sentence{"未実施（control）のビジターがまだいません", "no visitor was exposed to the control yet"}
	case NoConversions:
		return Sentence{"このバリアントのコンバージョンがまだありません", "this variant has no conversion yet"}
	case NoConversionsInControl:
		return Sentence{"未実施（control）のコンバージョンがまだないため、率の比を計算できません", "the control has no conversion yet, so a ratio to it does not exist"}
	case TooFewConversions:
		return Sentence{"片方のバリアントで全員が同じ結果で、検定するにはデータが足りません", "in one of the two variants all visitors did the same, and there is too little data for a test"}
	case NoVariation:
		return Sentence{"どちらのバリアントでも全員が同じ結果のため、ばらつきがなく検定できません", "within each of the two variants all visitors did the same: without variation there is no test"}
	case TooFewVisitors:
		return Sentence{"ばらつきを測るには1つのバリアントに2人以上が必要です", "measuring variation takes at least two visitors in a variant"}
	case TooMany:
		return Sentence{"10億人を超えるバリアントでは、この値の精度を保証できません", "beyond a thousand million visitors in a variant this figure would not be exact"}
	case NotPositive:
		return Sentence{"平均が0以下のため、比を計算できません", "an average is zero or below, so a ratio does not exist"}
	case NothingToDivideBy:
		return Sentence{"分母の合計が0以下のため、比を計算できません", "what is to be divided by adds up to zero or less, so there is no ratio"}
	case TooFewUnits:
		return Sentence{"バリアントの接触数が100人に満たないため、まだ見守っていません", "under a hundred visitors in a variant are too few to watch"}
	case NoValue:
		return Sentence{"このバリアントの金額がまだありません", "this variant has brought no value yet"}
	case NoValueInControl:
		return Sentence{"未実施（control）の金額がまだないため、比を計算できません", "the control has brought no value yet, so a ratio to it does not exist"}
	case NoWeight:
		return Sentence{"配分が0のバリアントは比較の対象外です", "a variant without weight takes no part in the comparison"}
	case AnEmptyArm:
		return Sentence{"まだビジターのいないバリアントがあるため、最も良いものを言えません", "a variant has no visitor yet, so nothing can be said about the best"}
	case Decided:
		return Sentence{"すでに判定が出ています", "there is a verdict already"}
	case SplitFirst:
		return Sentence{"配分の異常を直すまで、ビジターが増えても判定できません", "until the split is mended, more visitors bring no verdict"}
	case NoPace:
		return Sentence{"1日あたりの接触数がまだわかりません", "it is not known yet how many visitors come a day"}
	case Inconsistent:
		return Sentence{"集計値に矛盾があります（例：コンバージョン数が接触数を超える）。集計クエリを確認してください", "the sums contradict each other (for example more converted than exposed): check the query they come from"}
	case NotFinite:
		return Sentence{"計算できる数値の範囲を超えました。集計値を確認してください", "a figure left the range of finite numbers: check the sums"}
	case OneArm:
		return Sentence{"配分のあるバリアントが1つだけなので、配分の検査はありません", "only one variant has weight, so there is no split to check"}
	case NobodyAccepted:
		return Sentence{"チャットを始めた人がまだいません", "nobody has begun a chat yet"}
	case NobodyAnswered:
		return Sentence{"応答したチャットがまだありません", "no chat has been answered yet"}
	default:
		return Sentence{string(r), string(r)}
	}
}

// reasonJSON is a Reason on the wire: machines read the code, people the text.
type reasonJSON struct {
	Code string `json:"code"`
	Sentence
}

// MarshalJSON writes the code with its text in both languages.
func (r Reason) MarshalJSON() ([]byte, error) {
	return json.Marshal(reasonJSON{string(r), r.Sentence()})
}

// UnmarshalJSON reads what MarshalJSON wrote; only the code is kept.
func (r *Reason) UnmarshalJSON(data []byte) error {
	var v reasonJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("a reason {code, ja, en}: %w", err)
	}
	*r = Reason(v.Code)
	return nil
}
