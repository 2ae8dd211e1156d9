package visits

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:embed sessions.csv
var published string

// Kind says what the source knew about a session's visitor.
type Kind string

// The three kinds of the source. Other is what the shop could not tell.
const (
	New       Kind = "new"
	Returning Kind = "returning"
	Other     Kind = "other"
)

// Levels are the shares, from 0 to 1, at which a cell's quantiles are given.
var Levels = [8]float64{0, 0.10, 0.25, 0.50, 0.75, 0.90, 0.99, 1}

// Columns are the column names of sessions.csv, in order.
func Columns() []string {
	columns := []string{"kind", "from", "sessions", "weekend", "purchases"}
	for _, quantity := range []string{"product_pages", "other_pages", "seconds"} {
		for _, level := range Levels {
			columns = append(columns, fmt.Sprintf("%s_p%g", quantity, level*100))
		}
	}
	return columns
}

// Quantiles holds a quantity's value at each of Levels.
type Quantiles [8]float64

// Cell is one kind of visitor within one range of product pages.
type Cell struct {
	Kind      Kind
	From      int // the smallest number of product pages of the range
	Sessions  int
	Weekend   int // sessions on a Saturday or Sunday
	Purchases int // sessions that ended in a purchase

	ProductPages, OtherPages, Seconds Quantiles
}

// Table is the derived table: cells that together are all sessions.
type Table struct {
	Cells []Cell
	total int
}

// Published returns the table that is kept beside this file.
func Published() (Table, error) {
	return Parse(strings.NewReader(published))
}

// Parse reads a table in the form of sessions.csv. Lines that begin with # are comments.
func Parse(r io.Reader) (Table, error) {
	reader := csv.NewReader(r)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	if err != nil {
		return Table{}, fmt.Errorf("session table: %w", err)
	}
	columns := Columns()
	if len(rows) == 0 || strings.Join(rows[0], ",") != strings.Join(columns, ",") {
		return Table{}, fmt.Errorf("session table: the first line must be %q; derive the table again", strings.Join(columns, ","))
	}
	var table Table
	for i, row := range rows[1:] {
		cell, err := parseCell(row)
		if err != nil {
			return Table{}, fmt.Errorf("session table: row %d: %w", i+1, err)
		}
		table.Cells = append(table.Cells, cell)
		table.total += cell.Sessions
	}
	if table.total == 0 {
		return Table{}, fmt.Errorf("session table: it holds no session; derive the table again")
	}
	return table, nil
}

func parseCell(row []string) (Cell, error) {
	cell := Cell{Kind: Kind(row[0])}
	for i, to := range []*int{&cell.From, &cell.Sessions, &cell.Weekend, &cell.Purchases} {
		n, err := strconv.Atoi(row[1+i])
		if err != nil || n < 0 {
			return Cell{}, fmt.Errorf("%s is %q; want a whole number", Columns()[1+i], row[1+i])
		}
		*to = n
	}
	if cell.Weekend > cell.Sessions || cell.Purchases > cell.Sessions {
		return Cell{}, fmt.Errorf("more weekend sessions or purchases than the %d sessions", cell.Sessions)
	}
	for q, to := range []*Quantiles{&cell.ProductPages, &cell.OtherPages, &cell.Seconds} {
		for i := range Levels {
			column := 5 + q*len(Levels) + i
			v, err := strconv.ParseFloat(row[column], 64)
			if err != nil {
				return Cell{}, fmt.Errorf("%s is %q; want a number", Columns()[column], row[column])
			}
			if i > 0 && v < to[i-1] {
				return Cell{}, fmt.Errorf("%s is smaller than the quantile before it", Columns()[column])
			}
			to[i] = v
		}
	}
	return cell, nil
}
