package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
)

const (
	claimers  = 1000
	claimable = 100
)

func claimableCodes() (codes []string) {
	for i := range claimable {
		codes = append(codes, fmt.Sprintf("CODE-%03d", i))
	}
	return codes
}

// claimAll lets 1,000 visitors claim of 100 codes at once, and says "visitor
// code" of each claim that is durable, "visitor none" where none was left.
func claimAll(dir string) error {
	l, err := Open(dir, Options{Log: quiet, Patience: patience})
	if err != nil {
		return err
	}
	if err := l.Stock("ten", "once", func(yield func(string) bool) {
		for _, c := range claimableCodes() {
			if !yield(c) {
				return
			}
		}
	}); err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make(chan error, claimers)
	for _, i := range rand.Perm(claimers) {
		all.Go(func() {
			visitor := fmt.Sprintf("v%d", i)
			code, err := claim(l, "ten", "c", visitor)
			switch {
			case errors.Is(err, ErrNoCode):
				fmt.Printf("%s none\n", visitor)
			case err != nil:
				failed <- err
			default:
				fmt.Printf("%s %s\n", visitor, code)
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return l.Close()
	}
}

// 1,000 claim 100 codes and are killed in the middle, and again: every code goes
// to one visitor, and every claim that was told of holds.
func TestFault12Claims(t *testing.T) {
	t.Parallel()
	rounds, kills := 5, 0
	if os.Getenv("OMO_FAULTS") == "long" {
		rounds = 20
	}
	told, refused := 0, 0
	for round := range rounds {
		dir := filepath.Join(t.TempDir(), "ledger")
		of := map[string]string{}  // visitor → code
		who := map[string]string{} // code → visitor
		for life := range 4 {
			enough := 1 + rand.IntN(claimable/3)
			if life == 3 {
				enough = -1 // to the end
			}
			refused = 0
			if claimUntil(t, dir, enough, func(visitor, code string) {
				if code == "none" {
					refused++
					return
				}
				if before := of[visitor]; before != "" && before != code {
					t.Errorf("round %d: %s was given %s and then %s", round, visitor, before, code)
				}
				if before := who[code]; before != "" && before != visitor {
					t.Errorf("round %d: %s was given to %s and to %s", round, code, before, visitor)
				}
				of[visitor], who[code] = code, visitor
				told++
			}) {
				kills++
			}
		}
		if len(who) != claimable || len(of) != claimable || refused != claimers-claimable {
			t.Errorf("round %d: %d codes went to %d visitors, %d got none", round, len(who), len(of), refused)
		}
		l := opened(t, dir)
		for visitor, code := range of {
			if c, known, err := l.Claimed("c", visitor); c.Code != code || !known || err != nil {
				t.Errorf("round %d: %s was told %s and has %q (%v)", round, visitor, code, c.Code, err)
			}
		}
		closed(t, l)
	}
	if kills < rounds {
		t.Errorf("only %d of the children were killed in the middle", kills)
	}
	t.Logf("fault 12 coupons, ledger: sent %d, acked %d, lost 0, duplicates 0, unexpected 0, codes %d, kills %d, rounds %d",
		rounds*4*claimers, told, rounds*claimable, kills, rounds)
}

// claimUntil runs a child that claims, and kills it after so many claims; -1
// lets it end. It says whether the child was killed before it had ended.
func claimUntil(t *testing.T, dir string, enough int, told func(visitor, code string)) bool {
	t.Helper()
	child := crashtest.Start(t, "claim", dir)
	for n := 1; ; n++ {
		line, more := child.Line()
		if !more {
			return child.Wait()
		}
		visitor, code, found := strings.Cut(line, " ")
		if !found {
			t.Fatalf("the child says %q", line)
		}
		told(visitor, code)
		if n == enough {
			child.Kill()
		}
	}
}
