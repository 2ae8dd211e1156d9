package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// installed is the moment at which every player meets the test.
var installed = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// namespace makes the ids of this conversion its own.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/omotenashi-web/omotenashi/examples/cookiecats"))

var columns = []string{"userid", "version", "sum_game_rounds", "retention_1", "retention_7"}

// event is one line of what omo import reads.
type event struct {
	ID         uuid.UUID      `json:"id"`
	Visitor    visitor        `json:"visitor"`
	Name       string         `json:"name"`
	Time       time.Time      `json:"time"`
	Properties map[string]any `json:"properties,omitempty"`
}

type visitor struct {
	ID uuid.UUID `json:"id"`
}

// player is one line of the data set.
type player struct {
	number     int
	version    string // gate_30 | gate_40
	rounds     int    // played within the first 14 days
	day1, day7 bool   // came back 1 and 7 days after installing
}

// Convert reads the data set as CSV and writes its events as NDJSON, player by player.
func Convert(in io.Reader, out io.Writer) error {
	reader := csv.NewReader(in)
	header, err := reader.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !slices.Equal(header, columns) {
		return fmt.Errorf("the first line is %q; want %q, as in the published data set", strings.Join(header, ","), strings.Join(columns, ","))
	}
	buffered := bufio.NewWriter(out)
	lines := json.NewEncoder(buffered)
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return buffered.Flush()
		}
		if err != nil {
			return err
		}
		p, err := parse(record)
		if err != nil {
			line, _ := reader.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
		for _, e := range p.events() {
			if err := lines.Encode(e); err != nil {
				return fmt.Errorf("writing events: %w", err)
			}
		}
	}
}

func parse(record []string) (player, error) {
	var p player
	var err error
	if p.number, err = strconv.Atoi(record[0]); err != nil {
		return p, fmt.Errorf("userid is %q; want a whole number", record[0])
	}
	if p.version = record[1]; p.version != "gate_30" && p.version != "gate_40" {
		return p, fmt.Errorf("version is %q; want gate_30 or gate_40", record[1])
	}
	if p.rounds, err = strconv.Atoi(record[2]); err != nil {
		return p, fmt.Errorf("sum_game_rounds is %q; want a whole number", record[2])
	}
	for i, to := range []*bool{&p.day1, &p.day7} {
		switch record[3+i] {
		case "True":
			*to = true
		case "False":
		default:
			return p, fmt.Errorf("%s is %q; want True or False", columns[3+i], record[3+i])
		}
	}
	return p, nil
}

func (p player) events() []event {
	id := func(what string) uuid.UUID {
		return uuid.NewSHA1(namespace, fmt.Appendf(nil, "%s/%d", what, p.number))
	}
	at := func(name string, days int, properties map[string]any) event {
		return event{ID: id(name), Visitor: visitor{id("player")}, Name: name, Time: installed.AddDate(0, 0, days), Properties: properties}
	}
	events := []event{at("omo_exposure", 0, map[string]any{
		"campaign": "gate", "variant": p.version, "player": p.number, "sum_game_rounds": p.rounds,
	})}
	if p.day1 {
		events = append(events, at("return_day_1", 1, nil))
	}
	if p.day7 {
		events = append(events, at("return_day_7", 7, nil))
	}
	return events
}
