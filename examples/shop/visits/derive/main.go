// Command derive makes the small session table of package visits from the Online
// Shoppers Purchasing Intention data set (Sakar and Kastro, UCI, CC BY 4.0):
//
//	go run ./examples/shop/visits/derive online_shoppers_intention.csv.gz > examples/shop/visits/sessions.csv
package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/omotenashi-web/omotenashi/examples/shop/visits"
)

const header = `# Derived from C. Okan Sakar and Yomi Kastro, "Online Shoppers Purchasing Intention Dataset",
# UCI Machine Learning Repository, https://doi.org/10.24432/C5F88Q, licence CC BY 4.0.
# Changed: 12,330 sessions summed up by kind of visitor and range of product pages.
# Made by: go run ./examples/shop/visits/derive online_shoppers_intention.csv.gz
`

// ranges are the smallest numbers of product pages of the table's ranges: about
// equal parts of all sessions, finer where the purchase rate still climbs.
var ranges = []int{0, 2, 4, 7, 11, 16, 23, 33, 50, 80, 140}

var kinds = []struct {
	source string
	kind   visits.Kind
}{{"New_Visitor", visits.New}, {"Returning_Visitor", visits.Returning}, {"Other", visits.Other}}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "derive:", err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("want one argument: the path of online_shoppers_intention.csv.gz")
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: not a gzip file: %w", args[0], err)
	}
	return derive(plain, out)
}

type session struct {
	kind              visits.Kind
	product, other    float64
	seconds           float64
	weekend, purchase bool
}

// derive reads the data set as published (";" between columns) and writes the table.
func derive(in io.Reader, out io.Writer) error {
	sessions, err := read(in)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, header); err != nil {
		return err
	}
	table := csv.NewWriter(out)
	if err := table.Write(visits.Columns()); err != nil {
		return err
	}
	for _, k := range kinds {
		for i, from := range ranges {
			cell := slices.DeleteFunc(slices.Clone(sessions), func(s session) bool {
				return s.kind != k.kind || s.product < float64(from) || i+1 < len(ranges) && s.product >= float64(ranges[i+1])
			})
			if len(cell) == 0 {
				continue
			}
			if err := table.Write(row(k.kind, from, cell)); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return table.Error()
}

func row(kind visits.Kind, from int, cell []session) []string {
	var weekend, purchases int
	quantities := make([][]float64, 3)
	for _, s := range cell {
		if s.weekend {
			weekend++
		}
		if s.purchase {
			purchases++
		}
		for i, v := range []float64{s.product, s.other, s.seconds} {
			quantities[i] = append(quantities[i], v)
		}
	}
	columns := []string{string(kind), strconv.Itoa(from), strconv.Itoa(len(cell)), strconv.Itoa(weekend), strconv.Itoa(purchases)}
	for _, values := range quantities {
		slices.Sort(values)
		for _, level := range visits.Levels {
			v := values[int(level*float64(len(values)-1)+0.5)] // the nearest real session, so that pages stay whole
			columns = append(columns, strconv.FormatFloat(v, 'f', 0, 64))
		}
	}
	return columns
}

func read(in io.Reader) ([]session, error) {
	reader := csv.NewReader(in)
	reader.Comma = ';'
	reader.ReuseRecord = true
	column := map[string]int{}
	names, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	for i, name := range names {
		column[name] = i
	}
	for _, name := range []string{"Administrative", "Administrative_Duration", "Informational", "Informational_Duration",
		"ProductRelated", "ProductRelated_Duration", "VisitorType", "Weekend", "Revenue"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("column %s is missing: this is not the data set as UCI publishes it", name)
		}
	}
	var sessions []session
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return sessions, nil
		}
		if err != nil {
			return nil, err
		}
		var bad error
		number := func(name string) float64 {
			v, err := strconv.ParseFloat(record[column[name]], 64)
			if err != nil {
				bad = fmt.Errorf("session %d: %s is %q; want a number", len(sessions)+1, name, record[column[name]])
			}
			return v
		}
		s := session{
			product:  number("ProductRelated"),
			other:    number("Administrative") + number("Informational"),
			seconds:  number("Administrative_Duration") + number("Informational_Duration") + number("ProductRelated_Duration"),
			weekend:  record[column["Weekend"]] == "TRUE",
			purchase: record[column["Revenue"]] == "TRUE",
		}
		i := slices.IndexFunc(kinds, func(k struct {
			source string
			kind   visits.Kind
		}) bool {
			return k.source == record[column["VisitorType"]]
		})
		if i < 0 {
			bad = fmt.Errorf("session %d: VisitorType %q is unknown", len(sessions)+1, record[column["VisitorType"]])
		}
		if bad != nil {
			return nil, bad
		}
		s.kind = kinds[i].kind
		sessions = append(sessions, s)
	}
}
