package main

import (
	"fmt"
	"strconv"
	"strings"
)

// byteSize is a flag's number of bytes, written 512MiB or 10GiB.
type byteSize int64

var byteUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1}, {"", 1},
}

// Set reads the flag's text.
func (b *byteSize) Set(text string) error {
	for _, unit := range byteUnits {
		number, found := strings.CutSuffix(strings.ToLower(text), strings.ToLower(unit.name))
		if !found {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n > 0) || n*float64(unit.bytes) >= 1<<62 {
			break
		}
		*b = byteSize(n * float64(unit.bytes))
		return nil
	}
	return fmt.Errorf("%s is not a size like 512MiB or 10GiB", text)
}

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	for _, unit := range byteUnits {
		if int64(*b)%unit.bytes == 0 {
			return strconv.FormatInt(int64(*b)/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type names the value in the flag's help.
func (b *byteSize) Type() string { return "size" }
