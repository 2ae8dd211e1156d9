package shop

import (
	"fmt"
	"slices"
	"time"
)

// Member is a person with an account at the shop.
type Member struct {
	ID, Name string
	Rank     string // bronze | silver | gold | diamond; "" without a login
	Gender   string // female | male
	Age      int
	Points   int
}

// tokenLife is how long a page may sit open before its identify token is too old.
const tokenLife = 12 * time.Hour

// members are the people one may log in as.
func members() []Member {
	return []Member{
		{"member-1001", "佐藤 美咲", "gold", "female", 34, 2480},
		{"member-1002", "鈴木 陽子", "diamond", "female", 47, 12650},
		{"member-1003", "伊藤 さくら", "bronze", "female", 24, 120},
		{"member-1004", "山本 千恵子", "silver", "female", 62, 980},
		{"member-1005", "田中 健一", "silver", "male", 41, 760},
		{"member-1006", "渡辺 隆", "diamond", "male", 56, 9340},
		{"member-1007", "高橋 翔", "bronze", "male", 28, 60},
		{"member-1008", "小林 大輔", "gold", "male", 38, 3110},
	}
}

// RankName is the rank in Japanese.
func (m Member) RankName() string {
	return map[string]string{"bronze": "ブロンズ", "silver": "シルバー", "gold": "ゴールド", "diamond": "ダイヤモンド"}[m.Rank]
}

// GenderName is the sex in Japanese.
func (m Member) GenderName() string {
	return map[string]string{"female": "女性", "male": "男性"}[m.Gender]
}

func (s *Shop) member(id string) (Member, bool) {
	i := slices.IndexFunc(s.members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, false
	}
	return s.members[i], true
}

// identify signs who the member is, for the beacon to hand on: what a browser says of
// itself counts for nothing, what the shop signs does.
func (s *Shop) identify(m Member) (string, error) {
	if s.sign == nil {
		return "", nil
	}
	token, err := s.sign(map[string]any{
		"sub":    m.ID,
		"exp":    s.now().Add(tokenLife).Unix(),
		"traits": map[string]any{"rank": m.Rank, "gender": m.Gender, "age": m.Age},
	})
	if err != nil {
		return "", fmt.Errorf("signing the identify token of %s: %w", m.ID, err)
	}
	return token, nil
}
