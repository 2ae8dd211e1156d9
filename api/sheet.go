package api

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// Sheet is a report as rows of the same columns, for spreadsheets and notebooks.
type Sheet struct {
	Columns []Column
	Rows    [][]any // string, uint64, float64, bool, or nil where there is no number
}

// Column has ClickHouse's type, which Parquet keeps.
type Column struct{ Name, Kind string }

const (
	kindText   = "String"
	kindCount  = "UInt64"
	kindBool   = "Bool"
	kindNumber = "Nullable(Float64)"
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

// CSV writes the rows under their names; no number is an empty cell.
func (s Sheet) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	line := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		line[i] = c.Name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range s.Rows {
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
