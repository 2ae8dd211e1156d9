package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
)

// checks say of each part whether it is well, and how far behind the warehouse is.
func (a *app) checks(reload *reloader) func(context.Context) []api.Check {
	return func(ctx context.Context) []api.Check {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		check := func(part string, err error, detail string, figures ...api.Figure) api.Check {
			if err != nil {
				detail = err.Error()
			}
			return api.Check{Part: part, OK: err == nil, Detail: detail, Figures: figures}
		}
		figure := func(name string, n uint64) api.Figure { return api.Figure{Name: name, Value: int64(n)} }
		var away error
		if a.child != nil {
			away = a.child.Ready()
		}
		if away == nil {
			away = a.warehouse.Ping(ctx)
		}
		lag := a.ledger.Durable() - min(a.loader.Position(), a.ledger.Durable())
		var full error
		if reason := a.ledger.Room().Full; reason != "" {
			full = errors.New(reason)
		}
		letters := a.ledger.Letters()
		var crammed error
		if letters.Full {
			crammed = fmt.Errorf("%d webhooks and e-mails wait, and events that send more are refused: omo outbox list says why they wait", letters.Count)
		}
		broken := reload.lastError()
		if broken != nil {
			broken = fmt.Errorf("the last good rule set %.12s serves: %w", a.engine.Live().Set.Hash, broken)
		}
		balance, _ := a.loader.LastBalance()
		dead, bytes, bound := a.loader.DeadSize()
		return []api.Check{
			check("ledger", a.ledger.Damage(), fmt.Sprintf("%d visits durable", a.ledger.Durable()), figure("visits", a.ledger.Durable())),
			check("room", full, "events are taken"),
			check("rules", broken, "rule set "+a.engine.Live().Set.Hash),
			check("warehouse", away, fmt.Sprintf("%d visits waiting to be loaded", lag), figure("lag", lag)),
			check("dead letter", a.loader.Stuck(), fmt.Sprintf("%d events, %d bytes of at most %d", dead, bytes, bound),
				figure("dead", uint64(dead)), api.Figure{Name: "dead_bytes", Value: int64(bytes), Bytes: true}),
			check("outbox", crammed, fmt.Sprintf("%d wait, %d were given up, %d bytes of at most %d", letters.Count-letters.GivenUp, letters.GivenUp, letters.Bytes, letters.MostBytes),
				figure("waits", uint64(letters.Count-letters.GivenUp)), figure("given_up", uint64(letters.GivenUp))),
			check("balance", balance.Err(), balance.String(), figure("accepted", balance.Accepted), figure("loaded", balance.Loaded),
				figure("duplicate", balance.Duplicate), figure("in_letter", balance.Dead), figure("erased", balance.Erased), figure("in_ledger", balance.InLedger)),
		}
	}
}
