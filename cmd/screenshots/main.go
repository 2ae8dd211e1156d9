package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := take(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// take takes all pictures; one that cannot be taken does not stop the others.
func take(ctx context.Context) error {
	out := flag.String("out", "screenshots", "the folder that the pictures go to")
	ui := flag.String("ui", "", "a running omo's address; without it a demo is run")
	shop := flag.String("shop", "", "the demo shop's address, with --ui")
	rules := flag.String("rules", "", "the rules folder of that omo, with --ui: the gallery of actions is put there")
	only := flag.String("only", "", "only pictures whose names begin so")
	readme := flag.Bool("readme", false, "only the six pictures of the README, small")
	flag.Parse()
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return fmt.Errorf("the folder for the pictures: %w", err)
	}
	site := place{ui: *ui, shop: *shop, key: os.Getenv("OMO_SECRET_KEY"), rules: *rules}
	if *ui == "" {
		lasts, own, end, err := demo(ctx)
		if err != nil {
			return err
		}
		defer end()
		ctx, site = lasts, own
	}
	camera, leave, err := open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if site.rules != "" {
		if err := site.staff(ctx); err != nil {
			return err
		}
	}
	rooms := []func(context.Context) ([]picture, error){site.first, site.screens, site.actions}
	if site.rules != "" && !*readme {
		rooms = append(rooms, site.hang) // last, for the screens would tell of it
	}
	var failed []error
	taken := 0
	for _, room := range rooms {
		all, err := room(ctx)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		all = slices.DeleteFunc(all, func(p picture) bool { return !strings.HasPrefix(p.name, *only) })
		if *readme {
			all = slices.DeleteFunc(all, func(p picture) bool { return best[p.name] == "" })
			for i, p := range all {
				all[i].name, all[i].small = best[p.name], true
			}
		}
		for _, p := range all {
			err := camera.take(*out, p)
			switch {
			case ctx.Err() != nil:
				return fmt.Errorf("%d pictures in %s, and then: %w", taken, *out, context.Cause(ctx))
			case err != nil:
				failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
				fmt.Fprintf(os.Stderr, "   -  %s: %v\n", p.name, err)
			default:
				taken++
				fmt.Fprintf(os.Stderr, "%4d  %s\n", taken, p.name)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "%d pictures in %s\n", taken, *out)
	return errors.Join(failed...)
}
