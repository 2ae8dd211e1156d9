package guard_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// of writes one period of twoArms: visitors and conversions of control and of a.
func of(number int, control, a [2]uint64) guard.Period {
	return guard.Period{Number: number, Arms: []guard.Arm{
		{Arm: stats.Arm{Variant: "control", N: control[0], Converted: control[1]}},
		{Arm: stats.Arm{Variant: "a", N: a[0], Converted: a[1]}},
	}}
}

// TestNext: when a bandit's weights move, and that they stay otherwise.
func TestNext(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	in := func(period int, ago time.Duration, parts ...int) engine.Override {
		return engine.Override{Period: period, Parts: parts, At: noon.Add(-ago).UnixMilli()}
	}
	better := of(0, [2]uint64{1_000, 40}, [2]uint64{1_000, 60})
	for _, c := range []struct {
		name    string
		is      engine.Override
		periods []guard.Period
		want    []int
	}{
		{"one arm is better", engine.Override{}, []guard.Period{better}, []int{208, 9_792}},
		{"nobody has come", engine.Override{}, nil, nil},
		{"99 in one arm", engine.Override{}, []guard.Period{of(0, [2]uint64{99, 5}, [2]uint64{1_000, 60})}, nil},
		{"nine conversions", engine.Override{}, []guard.Period{of(0, [2]uint64{1_000, 0}, [2]uint64{1_000, 9})}, nil},
		{"ten conversions", engine.Override{}, []guard.Period{of(0, [2]uint64{1_000, 0}, [2]uint64{1_000, 10})}, []int{100, 9_900}},
		{"nothing differs, and the file's weights do", engine.Override{}, []guard.Period{of(0, [2]uint64{1_000, 50}, [2]uint64{1_000, 50})}, []int{5_000, 5_000}},
		{"less than a point", in(1, 2*day, 2_200, 7_800), []guard.Period{better, of(1, [2]uint64{20, 1}, [2]uint64{980, 50})}, nil},
		{"the same a day and a millisecond before", in(1, day-time.Millisecond, 5_000, 5_000), []guard.Period{better, of(1, [2]uint64{500, 20}, [2]uint64{500, 30})}, nil},
		{"a day later", in(1, day, 5_000, 5_000), []guard.Period{better, of(1, [2]uint64{500, 20}, [2]uint64{500, 30})}, []int{100, 9_900}},
		{"19 of an arm in the present period", in(1, 2*day, 5_000, 5_000), []guard.Period{better, of(1, [2]uint64{19, 1}, [2]uint64{500, 30})}, nil},
		{"nobody in the present period yet", in(1, 2*day, 5_000, 5_000), []guard.Period{better}, nil},
		{"compared within periods: a sale while a had most", in(1, 2*day, 1_000, 9_000),
			[]guard.Period{of(0, [2]uint64{1_000, 10}, [2]uint64{1_000, 10}), of(1, [2]uint64{200, 40}, [2]uint64{1_800, 360})}, []int{5_000, 5_000}},
	} {
		town := newTown(t, 0, 1, strings.Replace(bandit, "control, weight: 50", "control, weight: 30", 1), nil)
		got, moves := guard.Next(town.campaign("c1"), c.is, c.periods, noon)
		if moves != (c.want != nil) {
			t.Errorf("%s: moves to %v, want %v", c.name, got.Parts, c.want)
			continue
		}
		if !slices.EqualFunc(got.Parts, c.want, func(a, b int) bool { return a-b <= 150 && b-a <= 150 }) {
			t.Errorf("%s: moves to %v, want %v", c.name, got.Parts, c.want)
		}
	}
}

// TestABanditGoesByMoneyOnceThereIsEnough: more buy with the discount, and bring less.
func TestABanditGoesByMoneyOnceThereIsEnough(t *testing.T) {
	t.Parallel()
	arms := func(n uint64) []guard.Period {
		p := of(0, [2]uint64{n, n / 20}, [2]uint64{n, n * 3 / 40})
		for i, each := range []float64{6_000, 6_000} {
			a := &p.Arms[i]
			buyers := float64(a.Converted)
			a.Sum, a.SumSquares = buyers*each, buyers*each*each*1.3
			if a.Variant == "a" {
				a.Cost = stats.Cost{Sum: buyers * 3_000, SumSquares: buyers * 9e6, WithValue: buyers * 3_000 * each}
			}
		}
		return []guard.Period{p}
	}
	c := newTown(t, 0, 1, bandit, nil).campaign("c1")
	for _, want := range []struct {
		n       uint64
		by      string
		betterA bool
	}{{600, "conversions", true}, {2_000, "value", false}} {
		got, moves := guard.Next(c, engine.Override{}, arms(want.n), noon)
		if !moves || got.By != want.by || (got.Parts[1] > 7_500) != want.betterA || (got.Chances[1] > 0.75) != want.betterA {
			t.Errorf("%d visitors an arm: %+v, want it by %s", want.n, got, want.by)
		}
	}
}
