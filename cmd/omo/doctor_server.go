package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// clockOff is how far two clocks of one installation may differ: sessions and
// windows are counted on the server's.
const clockOff = 2 * time.Second

// serving asks the server and says whether one answers.
func (d *doctor) serving(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(d.server, "/")+"/readyz", nil)
	if err != nil {
		d.fail("server", err, "write --server as http://host:port")
		return false
	}
	if d.key != "" {
		req.Header.Set("Authorization", "Bearer "+d.key)
	}
	asked := d.now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.say("server", note, "none answers at "+d.server, "omo serve --rules DIR starts one; name another with --server")
		d.port()
		return false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var ready struct {
		Ready  bool
		Checks []api.Check
	}
	if err != nil || json.Unmarshal(text, &ready) != nil || ready.Checks == nil {
		d.say("server", trouble, "something else than omo answers at "+d.server, "stop it, or name another address with --addr and --server")
		return false
	}
	detail := "answers at " + d.server
	if d.key == "" {
		detail += "; with OMO_SECRET_KEY it tells more"
	}
	if ready.Ready {
		d.say("server", well, detail, "")
	} else {
		d.say("server", trouble, d.server+" is not ready", "the parts below say why")
	}
	for _, c := range ready.Checks {
		if c.OK {
			d.say("server: "+c.Part, well, c.Detail, "")
		} else {
			d.say("server: "+c.Part, trouble, c.Detail, "its log says more")
		}
	}
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		// The header has whole seconds.
		d.clock("server", max(at.Sub(d.now()), asked.Sub(at.Add(time.Second))))
	}
	d.metrics(ctx)
	return true
}

func (d *doctor) clock(whose string, off time.Duration) {
	if off.Abs() > clockOff && off > 0 {
		d.say("clocks", trouble, fmt.Sprintf("the %s's is %s off this machine's", whose, off.Round(time.Second)), "let both follow a time server (chrony, systemd-timesyncd)")
		return
	}
	d.say("clocks", well, "the "+whose+"'s agrees with this machine's", "")
}

// metrics looks at what a running server counts.
func (d *doctor) metrics(ctx context.Context) {
	counts, err := (&client{server: strings.TrimSuffix(d.server, "/"), http: http.DefaultClient}).gauges(ctx)
	if err != nil {
		d.fail("metrics", err, "")
		return
	}
	if lag := counts["omo_loader_lag_seconds"]; lag > 60 {
		d.say("loader", trouble, fmt.Sprintf("%.0f visits wait, the first for %.0f s", counts["omo_loader_lag_visits"], lag), "is ClickHouse well? its part and the log say")
	} else {
		d.say("loader", well, fmt.Sprintf("%.0f visits wait to be loaded", counts["omo_loader_lag_visits"]), "")
	}
	if dead := counts["omo_dead_events"]; dead > 0 {
		d.say("dead letter", trouble, fmt.Sprintf("%.0f events could not be loaded", dead), "omo dead list says why, omo dead replay tries again")
	}
	if off := counts["omo_balance_difference_events"]; off != 0 {
		d.say("balance", trouble, fmt.Sprintf("%.0f accepted events are not accounted for", off), "keep the data folder as it is, make a backup and report it")
	}
}

// gauges are the server's metrics that have no labels.
func (c *client) gauges(ctx context.Context) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	out := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); found && err == nil {
			out[name] = n
		}
	}
	return out, err
}

// port says whether the address is free for a server on this machine.
func (d *doctor) port() {
	u, err := url.Parse(d.server)
	if err != nil || u.Port() == "" {
		return
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil || !ip.IsLoopback() {
		return
	}
	l, err := net.Listen("tcp", u.Host)
	if err != nil {
		d.fail("port", err, "stop what uses it, or name another address with --addr")
		return
	}
	l.Close()
	d.say("port", well, u.Host+" is free", "")
}

// what is asked of ClickHouse, one row.
const warehouseState = `SELECT version() AS version, timezone() AS timezone,
	toUnixTimestamp64Milli(now64(3)) AS now,
	(SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done) AS mutations,
	(SELECT count() FROM system.parts WHERE active AND database = currentDatabase()) AS parts,
	(SELECT min(free_space) FROM system.disks) AS free,
	(SELECT anyLast(extract(create_table_query, 'non_replicated_deduplication_window = (\\d+)')) FROM system.tables WHERE database = currentDatabase() AND name = 'event_log') AS window`

func (d *doctor) warehouse(ctx context.Context) {
	dsn := d.clickhouse
	if dsn == "" {
		found, err := clickhouse.Find(filepath.Join(d.data, "clickhouse"))
		if err != nil {
			_, missing := os.Stat(filepath.Join(d.data, "clickhouse"))
			detail := "the embedded one does not run"
			if errors.Is(missing, os.ErrNotExist) {
				detail = "the embedded one has not been started yet"
			}
			d.say("ClickHouse", note, detail, "omo serve starts it; name a server of your own with --clickhouse")
			return
		}
		dsn = found
	}
	var out strings.Builder
	asked := d.now()
	if err := clickhouse.Query(ctx, dsn, warehouseState, &out, "json"); err != nil {
		d.fail("ClickHouse", err, "start it, or check address, user and password")
		return
	}
	var s struct {
		Version, Timezone, Window string
		Now                       int64
		Mutations, Parts, Free    uint64
	}
	if err := json.Unmarshal([]byte(out.String()), &s); err != nil {
		d.fail("ClickHouse", fmt.Errorf("its answer cannot be read: %w", err), "")
		return
	}
	d.say("ClickHouse", well, fmt.Sprintf("%s, time zone %s, %d parts, %.0f GiB free", s.Version, s.Timezone, s.Parts, float64(s.Free)/(1<<30)), "")
	switch {
	case s.Window == "":
		d.say("ClickHouse: tables", note, "none yet in this database", "omo serve makes them at its start")
	case s.Window == "0":
		d.say("ClickHouse: tables", trouble, "event_log does not know a batch that is sent again", "ALTER TABLE event_log MODIFY SETTING non_replicated_deduplication_window = 10000")
	default:
		d.say("ClickHouse: tables", well, "event_log knows the last "+s.Window+" batches again", "")
	}
	if s.Parts > 2000 {
		d.say("ClickHouse: parts", trouble, fmt.Sprintf("%d parts: merges do not keep up", s.Parts), "give it more memory and disk, or look at system.merges")
	}
	if s.Mutations > 0 {
		d.say("ClickHouse: changes", note, fmt.Sprintf("%d under way, of erasures or retention", s.Mutations), "system.mutations tells how far they are")
	}
	at := time.UnixMilli(s.Now)
	d.clock("ClickHouse", max(at.Sub(d.now()), asked.Sub(at))) // however long the answer took
}
