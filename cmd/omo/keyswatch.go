package main

import (
	"context"
	"os"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
)

// keysEvery is how often a change of keys.json is looked for.
const keysEvery = time.Second

// watchKeys gives the server the keys of data whenever keys.json has changed.
// A file that cannot be used changes nothing.
func (a *app) watchKeys(ctx context.Context, data string, server *api.Server) error {
	was, _ := os.Stat(keysFile(data)) // it was read a moment ago
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		is, err := os.Stat(keysFile(data))
		if err != nil || was != nil && os.SameFile(was, is) && is.ModTime().Equal(was.ModTime()) && is.Size() == was.Size() {
			continue
		}
		was = is
		if err := a.reloadKeys(data, server); err != nil {
			a.log.Error("changed keys are not used; the ones before still are", "error", err)
			continue
		}
		a.log.Info("keys have changed")
	}
}

func (a *app) reloadKeys(data string, server *api.Server) error {
	k, err := openKeys(data)
	if err != nil {
		return err
	}
	k.named = a.keys.named
	keys, err := k.forAPI()
	if err != nil {
		return err
	}
	return server.UseKeys(keys)
}
