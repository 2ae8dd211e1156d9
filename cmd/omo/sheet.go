package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// parquet has ClickHouse write a report's rows.
func parquet(ctx context.Context, w io.Writer, s api.Sheet, progress clickhouse.Progress) error {
	structure := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		structure[i] = c.Name + " " + c.Kind
	}
	var rows bytes.Buffer
	encoder := json.NewEncoder(&rows)
	for _, row := range s.Rows {
		object := make(map[string]any, len(row))
		for i, v := range row {
			object[s.Columns[i].Name] = v
		}
		if err := encoder.Encode(object); err != nil {
			return err
		}
	}
	return clickhouse.Parquet(ctx, w, strings.Join(structure, ", "), &rows, progress)
}
