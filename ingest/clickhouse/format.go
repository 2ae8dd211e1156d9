package clickhouse

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

func writeTable(w io.Writer, rows *resultRows) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	header := table.Row{}
	columns := []table.ColumnConfig{}
	for i, name := range rows.names {
		header = append(header, name)
		kind := strings.TrimPrefix(rows.kinds[i], "Nullable(")
		for _, number := range []string{"Int", "UInt", "Float", "Decimal"} {
			if strings.HasPrefix(kind, number) {
				columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
			}
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(columns)
	for {
		values, err := rows.next()
		if err != nil {
			return err
		}
		if values == nil {
			break
		}
		row := table.Row{}
		for _, v := range values {
			row = append(row, cellText(v, "NULL"))
		}
		t.AppendRow(row)
	}
	_, err := io.WriteString(w, t.Render()+"\n")
	return err
}

func cellText(v any, null string) string {
	switch v := v.(type) {
	case nil:
		return null
	case json.RawMessage:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

func writeTSV(w io.Writer, rows *resultRows) error {
	escape := strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`, "\b", `\b`, "\f", `\f`)
	out := bufio.NewWriter(w)
	line := make([]string, len(rows.names))
	for i, name := range rows.names {
		line[i] = escape.Replace(name)
	}
	for {
		fmt.Fprintln(out, strings.Join(line, "\t"))
		values, err := rows.next()
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if values == nil {
			return out.Flush()
		}
		for i, v := range values {
			if v == nil {
				line[i] = `\N`
				continue
			}
			line[i] = escape.Replace(cellText(v, ""))
		}
	}
}

func writeJSON(w io.Writer, rows *resultRows) error {
	out := bufio.NewWriter(w)
	for {
		values, err := rows.next()
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if values == nil {
			return out.Flush()
		}
		var line bytes.Buffer
		for i, v := range values {
			var key, value bytes.Buffer
			if err := errors.Join(encodeTo(&key, rows.names[i]), encodeTo(&value, v)); err != nil {
				return fmt.Errorf("column %s: %w", rows.names[i], err)
			}
			if i > 0 {
				line.WriteByte(',')
			}
			line.Write(bytes.TrimSpace(key.Bytes()))
			line.WriteByte(':')
			line.Write(bytes.TrimSpace(value.Bytes()))
		}
		fmt.Fprintf(out, "{%s}\n", line.Bytes())
	}
}

func encodeTo(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
