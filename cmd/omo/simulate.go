package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"golang.org/x/time/rate"

	"github.com/omotenashi-web/omotenashi/examples/shop/crowd"
)

// effects are assumed: the share of those who would not have bought and do
// after a campaign's action. One campaign helps nobody, as in life.
var effects = map[string]float64{
	"diamond-welcome": .12, "exit-coupon": .05, "first-purchase-points": .04, "mens-return": .06, "night-manager": .06,
	"pair-look": .05, "regular-coupon": .08, "shipping-guide": .05, "sneaker-coupon": .20, "trial-set": .07, "weekly-ranking": .04,
	"almost-free": .03, "cart-help": .06, "cart-reminder": .06, "first-picks": .03,
}

func (o demoOptions) crowd(a *app, shopURL string, clock *crowd.Clock, sign func(map[string]any) (string, error), log *slog.Logger) (*crowd.Crowd, error) {
	goals := map[string]crowd.Goal{}
	for _, c := range a.engine.Live().Set.Campaigns {
		goals[c.ID] = crowd.Goal{Event: c.Goals[0].Event, Window: c.Goals[0].Window}
	}
	often := rate.Sometimes{First: 3, Interval: 10 * time.Second} // after a sleep all calls under way have failed
	return crowd.New(crowd.Options{
		Server: "http://" + a.addr, Shop: shopURL, PublicKey: a.keys.Public, SecretKey: a.keys.secret, Sign: sign,
		Goals: goals, Effects: effects, Seed: o.seed, Clock: clock, Name: fmt.Sprintf("%x", time.Now().Unix()),
		Told: func(err error) { often.Do(func() { log.Warn("a simulated visitor has trouble", "error", err) }) },
	})
}

// come sends all visitors: those of the clock's past, and the others today.
func (o demoOptions) come(ctx context.Context, clock *crowd.Clock, c *crowd.Crowd, errOut io.Writer) error {
	before := clock.Visitors()
	var past error
	if before > 0 {
		past = o.simulate(ctx, c, fmt.Sprintf("simulated visitors of the last %d days; the shop opens then", o.days), 0, before, errOut)
		clock.Today()
	}
	return errors.Join(past, o.simulate(ctx, c, "simulated visitors now", before, o.visitors, errOut))
}

// simulate sends the visitors numbered from..to (to excluded) and draws how many have come.
func (o demoOptions) simulate(ctx context.Context, c *crowd.Crowd, what string, from, to int, errOut io.Writer) error {
	perSecond := 0.0
	if o.seconds > 0 {
		perSecond = float64(o.visitors) / o.seconds
	}
	before := c.Done()
	b := newBar(errOut, what, int64(to-from), progress.UnitsDefault)
	defer b.end()
	sent := make(chan error, 1)
	go func() { sent <- c.Run(ctx, from, to, perSecond) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-sent:
			b.set(c.Done()-before, 0)
			return err
		case <-tick.C:
			b.set(c.Done()-before, 0)
		}
	}
}

// settle waits until the warehouse has everything that was acknowledged.
func (a *app) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	if err := a.ledger.Sync(); err != nil {
		return err
	}
	if err := a.loader.Flush(ctx); err != nil {
		var why error
		if a.child != nil {
			why = a.child.Ready()
		}
		return errors.Join(fmt.Errorf("events did not reach ClickHouse within %s: %w", settleWithin, err), why)
	}
	return nil
}

// results asks the server itself, as omo results does, about visitors who were
// first exposed since a moment.
func (a *app) results(ctx context.Context, since time.Time) ([]resultAnswer, error) {
	c := &client{server: "http://" + a.addr, key: a.keys.secret, http: http.DefaultClient, log: io.Discard}
	return resultsOptions{from: since.Format(time.RFC3339Nano)}.ask(ctx, c, "")
}

// agree compares the warehouse's counts with the simulator's own, arm by arm.
func agree(w io.Writer, tally map[string]map[string]crowd.Arm, results []resultAnswer) error {
	differences, arms := 0, 0
	for _, r := range results {
		for _, a := range r.Results.Arms {
			arms++
			want := tally[r.Results.Campaign][a.Variant]
			if a.Exposed != want.Exposed || a.Converted != want.Converted {
				differences++
				fmt.Fprintf(w, "%s %s: ClickHouse says %d exposed, %d converted; the simulator %d and %d\n",
					r.Results.Campaign, a.Variant, a.Exposed, a.Converted, want.Exposed, want.Converted)
			}
			delete(tally[r.Results.Campaign], a.Variant)
		}
	}
	for campaign, left := range tally {
		for variant, want := range left {
			differences++
			fmt.Fprintf(w, "%s %s: missing in ClickHouse; the simulator says %d and %d\n", campaign, variant, want.Exposed, want.Converted)
		}
	}
	if differences > 0 {
		return exit{findings, fmt.Errorf("%d of %d arms differ", differences, arms)}
	}
	fmt.Fprintf(w, "ClickHouse's counts equal the simulator's own, all %d arms.\n", arms)
	return nil
}
