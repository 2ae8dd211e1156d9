package main

import (
	"strings"
	"testing"
)

func TestOffATerminalEachStageIsSaidOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	progress := progressOn(&out)
	for _, step := range []struct {
		stage       string
		done, total int64
	}{{"download", 0, 10}, {"download", 10, 10}, {"download", 10, 10}, {"download", 10, 10}, {"unpack", 1, 20}, {"unpack", 20, 20}} {
		progress(step.stage, step.done, step.total)
	}
	if out.String() != "download\nunpack\n" {
		t.Errorf("%q", out.String())
	}
}
