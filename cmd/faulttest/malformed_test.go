package faulttest

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What was malformed by hand is answered with exactly this.
func TestFault9HandMadeBodies(t *testing.T) {
	t.Parallel()
	s := serve(t)
	f, err := os.Open("testdata/malformed.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := newClient(9)
	sent := 0
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		status, code, rest := field2(line)
		key := secretKey
		if after, public := strings.CutPrefix(rest, "public "); public {
			key, rest = publicKey, after
		}
		path, quoted, _ := strings.Cut(rest, " ")
		body, err := strconv.Unquote(strings.TrimSpace(quoted))
		if err != nil {
			t.Fatalf("testdata/malformed.txt:%d: %v", number, err)
		}
		sent++
		got, _, answer, err := c.do(t.Context(), http.MethodPost, s.url(), path, []byte(body), key)
		if err != nil {
			t.Errorf("testdata/malformed.txt:%d: %v", number, err)
			continue
		}
		told, complaint := reasons(path, got, answer)
		if complaint != "" {
			t.Errorf("testdata/malformed.txt:%d: %s: %d %s", number, complaint, got, answer)
		}
		if strconv.Itoa(got) != status || told != code {
			t.Errorf("testdata/malformed.txt:%d: want %s %s, got %d %s: %s", number, status, code, got, told, answer)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	s.sound()
	s.stop()
	t.Logf("fault 9 bodies malformed by hand: sent %d, each answered as written", sent)
}

func field2(line string) (first, second, rest string) {
	first, rest, _ = strings.Cut(line, " ")
	second, rest, _ = strings.Cut(strings.TrimSpace(rest), " ")
	return first, second, strings.TrimSpace(rest)
}

// reasons checks that whatever was refused is refused with a code and a word, and
// that nothing of ours failed. It gives the first code, "ok" where there is none.
func reasons(path string, status int, answer []byte) (code, complaint string) {
	var got struct {
		Error    *reason
		Rejected []reason
		Key      string
		Code     string `json:"errorCode"` // OFREP's own form
		Details  string `json:"errorDetails"`
	}
	if status >= 500 {
		return "", "a server error"
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		return "ok", ""
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", "the answer is not JSON"
	}
	switch {
	case status < 400 && len(got.Rejected) == 0:
		return "ok", ""
	case status < 400:
		for _, r := range got.Rejected {
			if r.Code == "" || r.Message == "" {
				return "", "rejected without a reason"
			}
		}
		return got.Rejected[0].Code, ""
	case got.Error != nil && got.Error.Code != "" && got.Error.Message != "":
		return got.Error.Code, ""
	case strings.HasPrefix(path, "/ofrep/") && got.Code != "" && got.Details != "":
		return got.Code, ""
	default:
		return "", "refused without a reason"
	}
}

type reason struct{ Code, Message string }
