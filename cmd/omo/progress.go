package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// bar is one line of progress on a terminal; elsewhere it says only what it
// starts.
type bar struct {
	out     io.Writer
	writer  progress.Writer // nil off a terminal
	tracker *progress.Tracker
	name    string
	units   progress.Units
}

func newBar(w io.Writer, name string, total int64, units progress.Units) *bar {
	b := &bar{out: w, name: name, units: units}
	if !onTerminal(w) {
		fmt.Fprintln(w, name)
		return b
	}
	b.writer = progress.NewWriter()
	b.writer.SetOutputWriter(w)
	b.writer.SetUpdateFrequency(100 * time.Millisecond)
	b.writer.SetTrackerLength(30)
	b.writer.SetStyle(progress.StyleBlocks)
	b.writer.Style().Visibility.Value = true
	b.tracker = &progress.Tracker{Message: name, Total: total, Units: units}
	b.writer.AppendTracker(b.tracker)
	go b.writer.Render()
	return b
}

func (b *bar) set(done, total int64) {
	if b.tracker == nil {
		return
	}
	if total > 0 {
		b.tracker.UpdateTotal(total)
	}
	b.tracker.SetValue(done)
}

func (b *bar) end() {
	if b.tracker == nil {
		return
	}
	b.tracker.MarkAsDone()
	b.writer.Stop()
	for b.writer.IsRenderInProgress() {
		time.Sleep(5 * time.Millisecond)
	}
}

// progressOn draws one bar after another for the stages of an installation.
func progressOn(w io.Writer) clickhouse.Progress {
	var mu sync.Mutex
	var now *bar
	over := "" // the stage that has ended; its total is a guess and may be passed
	return func(stage string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if stage == over {
			return
		}
		if now == nil || now.name != stage {
			if now != nil {
				now.end()
			}
			now = newBar(w, stage, total, progress.UnitsBytes)
		}
		now.set(done, total)
		if total > 0 && done >= total {
			now.end()
			now, over = nil, stage
		}
	}
}
