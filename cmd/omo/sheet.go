package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// sheet is a report as rows of the same columns, for spreadsheets and notebooks.
type sheet struct {
	columns []column
	rows    [][]any // string, uint64, float64, bool, or nil where there is no number
}

// column has ClickHouse's type, which Parquet keeps.
type column struct{ name, kind string }

const (
	aText   = "String"
	aCount  = "UInt64"
	aBool   = "Bool"
	aNumber = "Nullable(Float64)"
)

// nullable is a figure as a cell: nil where there is none.
func nullable(n stats.Number) any {
	if !n.Known {
		return nil
	}
	return n.Value
}

func ends(i stats.Interval) (low, high any) {
	if !i.Known {
		return nil, nil
	}
	return i.Low, i.High
}

// csv writes the rows under their names; no number is an empty cell.
func (s sheet) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	line := make([]string, len(s.columns))
	for i, c := range s.columns {
		line[i] = c.name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range s.rows {
		for i, v := range row {
			switch v := v.(type) {
			case nil:
				line[i] = ""
			case float64:
				line[i] = strconv.FormatFloat(v, 'g', -1, 64)
			case string:
				line[i] = unformula(v)
			default:
				line[i] = fmt.Sprint(v)
			}
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// unformula keeps a spreadsheet from running a text that begins like a formula:
// names of campaigns and variants are people's, and a CSV is opened by others.
func unformula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// parquet has ClickHouse write them.
func (s sheet) parquet(ctx context.Context, w io.Writer, progress clickhouse.Progress) error {
	structure := make([]string, len(s.columns))
	for i, c := range s.columns {
		structure[i] = c.name + " " + c.kind
	}
	var rows bytes.Buffer
	encoder := json.NewEncoder(&rows)
	for _, row := range s.rows {
		object := make(map[string]any, len(row))
		for i, v := range row {
			object[s.columns[i].name] = v
		}
		if err := encoder.Encode(object); err != nil {
			return err
		}
	}
	return clickhouse.Parquet(ctx, w, strings.Join(structure, ", "), &rows, progress)
}
