package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Usage is the answer of GET /v1/usage.
type Usage struct {
	AsOf   time.Time `json:"as_of"`
	Zone   string    `json:"zone"` // whose months
	Months []Month   `json:"months"`
}

// Month is how much was used in a month.
type Month struct {
	Month     string `json:"month"`    // 2026-12
	Visitors  uint64 `json:"visitors"` // monthly unique visitors
	Persons   uint64 `json:"persons"`  // of these, different user ids
	Events    uint64 `json:"events"`
	Decisions uint64 `json:"decisions"`
}

// mostMonths bounds how far back use is counted.
const mostMonths = 60

// usage counts one month, or the last ones.
func (s *Server) usage(c echo.Context) error {
	zone, now := s.engine.Live().Set.Site.Timezone, s.now()
	months, one := 1, false
	switch month, last := c.QueryParam("month"), c.QueryParam("months"); {
	case month != "":
		t, err := time.ParseInLocation("2006-01", month, zone)
		if err != nil {
			return problem("bad_request", "month "+month+" is not a month like 2026-12")
		}
		here := now.In(zone)
		months, one = 12*(here.Year()-t.Year())+int(here.Month()-t.Month())+1, true
		if months < 1 || months > mostMonths {
			return problem("bad_request", "month "+month+" is none of the last "+strconv.Itoa(mostMonths))
		}
	case last != "":
		n, err := strconv.Atoi(last)
		if err != nil || n < 1 || n > mostMonths {
			return problem("bad_request", "months "+last+" is not a number from 1 to "+strconv.Itoa(mostMonths))
		}
		months = n
	}
	found, err := s.reports.Usage(c.Request().Context(), months, now, zoneName(zone))
	if err != nil {
		return s.away("usage", c.QueryParam("month"), err)
	}
	sql, err := warehouse.UsageSQL(months, now, zoneName(zone))
	if err != nil {
		return err
	}
	if one {
		found = found[:min(1, len(found))]
	}
	out := Usage{AsOf: now.UTC(), Zone: zoneName(zone), Months: []Month{}}
	for _, m := range found {
		out.Months = append(out.Months, Month(m))
	}
	return withSQL(c, out, sql)
}
