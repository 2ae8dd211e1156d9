package dashboard

import "testing"

// What stopped a campaign is said in Japanese, in whichever form the engine says it.
func TestDetailsInJapanese(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1 of 2 per day":              "1 日に 2 回まで（これまで 1 回）",
		"2 of 2 per 7d":               "7 日に 2 回まで（これまで 2 回）",
		"2 of 2 per 12h":              "12 時間に 2 回まで（これまで 2 回）",
		"2 of 2 per 30m":              "30 分に 2 回まで（これまで 2 回）",
		"2 of 2 per 1d12h":            "1d12h に 2 回まで（これまで 2 回）",
		"2 of 2 per session":          "1 回の来訪に 2 回まで（これまで 2 回）",
		"where of add_to_cart":        "add_to_cart の where に当てはまりません",
		"paused by operator":          "手動で一時停止",
		"paused by hanako":            "hanako が一時停止",
		"waits for exit_intent":       "exit_intent を待っています",
		"cart has bar":                "枠 bar は cart が使っています",
		"another part of the layer x": "レイヤー x の別の部分",
	} {
		if got := detailed(text, "ja"); got != (Told{want, "ja"}) {
			t.Errorf("%s is said as %+v, want %s", text, got, want)
		}
	}
}
