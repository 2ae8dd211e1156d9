package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// What the questions of reports have in common.

// reporting is bounded for a question about a whole shop's visitors: what is too
// much for memory is grouped and sorted on disk.
func reporting(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time":                 60,
		"max_query_size":                     int64(16 << 20), // what is filled in can be long
		"max_memory_usage":                   int64(4 << 30),
		"max_bytes_before_external_sort":     int64(1 << 30),
		"max_bytes_before_external_group_by": int64(1 << 30),
	}))
}

// span fills in what a caller leaves open: all times, and as of now.
func span(from, to, asOf, now time.Time) (time.Time, time.Time, time.Time) {
	if from.IsZero() {
		from = time.UnixMilli(earliest)
	}
	if to.IsZero() {
		to = time.UnixMilli(latest)
	}
	if asOf.IsZero() {
		asOf = now
	}
	return from.UTC(), to.UTC(), asOf.Truncate(time.Millisecond).UTC()
}

func zoneOr(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

// knownZone refuses what ClickHouse would refuse, in plain words. "Local" is a
// place that the server of the warehouse need not share.
func knownZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return fmt.Errorf("the time zone %q is not known; name one as Asia/Tokyo or UTC", zone)
	}
	return nil
}

// filled is a query with its parameters filled in, to be pasted into any
// ClickHouse client.
func filled(query string, values map[string]string) string {
	return parameter.ReplaceAllStringFunc(query, func(found string) string {
		parts := parameter.FindStringSubmatch(found)
		value := values[parts[1]]
		switch kind := parts[2]; {
		case kind == "String":
			return "'" + quoted.Replace(value) + "'"
		case strings.HasPrefix(kind, "DateTime64"):
			return "toDateTime64('" + value + "', 3, 'UTC')"
		default:
			return value
		}
	})
}
