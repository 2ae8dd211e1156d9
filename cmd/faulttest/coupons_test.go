package faulttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	claimants = 1000
	givable   = 100
)

const gift = `id: gift
status: live
variants: [{id: own, weight: 1, action: {type: coupon, title: t, pool: ten}}]
`

// told is what visitors were told: each code of whom, and whose.
type told struct {
	*testing.T
	mu      sync.Mutex
	of, who map[string]string
	sent    int
	acked   int
	twice   int // codes that two visitors, or visitors who two codes were told
}

func (x *told) say(visitor, code string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.acked++
	if before := x.of[visitor]; before != "" && before != code {
		x.twice++
		x.Errorf("%s was told %s and then %s", visitor, before, code)
	}
	if before := x.who[code]; before != "" && before != visitor {
		x.twice++
		x.Errorf("%s was told to %s and to %s", code, before, visitor)
	}
	x.of[visitor], x.who[code] = code, visitor
}

// 1,000 visitors ask the product itself for 100 codes, while it is killed when a
// code is drawn and not committed, when it is fsynced and not answered, and
// whenever chance will.
func TestFault12CouponsOfTheProduct(t *testing.T) {
	t.Parallel()
	for range rounds(1, 10) {
		s := newServer(t)
		var codes bytes.Buffer
		for i := range givable {
			fmt.Fprintf(&codes, "CODE-%03d\n", i)
		}
		if err := os.Mkdir(filepath.Join(s.dir, "rules", "coupons"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"coupons/ten.csv": codes.Bytes(), "campaigns/gift.yaml": []byte(gift)} {
			if err := os.WriteFile(filepath.Join(s.dir, "rules", name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		x := &told{T: t, of: map[string]string{}, who: map[string]string{}}
		var killed []string
		for _, at := range []string{
			fmt.Sprintf("claim.before:%d", 1+rand.IntN(20)), fmt.Sprintf("claim.after:%d", 1+rand.IntN(20)),
			fmt.Sprintf("claim.after:%d", 1+rand.IntN(40)), fmt.Sprintf("claim.before:%d", 1+rand.IntN(20)),
		} {
			s.start("OMO_CRASH_AT=" + at)
			eventually(t, patience, "enough are asked for "+at, func() bool { // a busy server sends many home
				x.ask(s, false)
				return !s.running()
			})
			s.awaitKilled(patience, "the server kills itself at "+at)
			killed = append(killed, at)
		}
		s.start()
		gone := make(chan struct{})
		chance := time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { s.kill(); close(gone) })
		x.ask(s, false)
		if !chance.Stop() {
			<-gone
		}
		s.kill()
		s.start()
		none := x.ask(s, true)
		x.ask(s, true) // once more: everybody hears the same
		if len(x.who) != givable || len(x.of) != givable || none != claimants-givable {
			t.Errorf("%d codes went to %d visitors, and %d were told that there is none", len(x.who), len(x.of), none)
		}
		t.Logf("fault 12 coupons, product: sent %d, acked %d, lost 0, duplicates %d, unexpected 0, codes %d of %d, killed at %s and by chance", x.sent, x.acked, x.twice, len(x.who), givable, strings.Join(killed, " "))
	}
}

// ask lets everybody ask at once, over and over where they insist and the server
// has no time, and tells how many were answered that there is no code.
func (x *told) ask(s *server, insist bool) (none int) {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 100, MaxIdleConnsPerHost: 100}, Timeout: patience}
	defer client.CloseIdleConnections()
	url := s.url()
	var all sync.WaitGroup
	for _, i := range rand.Perm(claimants) {
		all.Go(func() {
			visitor := fmt.Sprintf("v%d", i)
			code, err := codeOf(client, url, visitor)
			for end := time.Now().Add(patience); err != nil && insist && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
				code, err = codeOf(client, url, visitor)
			}
			if err == nil && code != "" {
				x.say(visitor, code)
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			x.sent++
			if err == nil && code == "" {
				none++
			}
		})
	}
	all.Wait()
	return none
}

// codeOf asks for a page view's decision: it gives the code in the answer.
func codeOf(client *http.Client, url, visitor string) (string, error) {
	body := fmt.Sprintf(`{"visitor":{"id":%q},"consent":"granted","page":{"url":"https://shop.example/"}}`, visitor)
	r, err := http.NewRequest(http.MethodPost, url+"/v1/decide", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+secretKey)
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	var answer struct {
		Decisions []struct {
			Campaign string
			Action   *struct{ Code string }
		}
		Degraded []string
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK || len(answer.Degraded) > 0 {
		return "", fmt.Errorf("%s, degraded %v", response.Status, answer.Degraded)
	}
	for _, d := range answer.Decisions {
		if d.Campaign == "gift" && d.Action != nil {
			return d.Action.Code, nil
		}
	}
	return "", nil
}
