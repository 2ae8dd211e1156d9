package rules

import (
	"testing"
	"time"
)

func TestScheduleOpen(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		schedule, at string
		want         bool
	}{
		{`{}`, "2026-12-05T03:00", true},
		// from and until: the day named last is still open, a time named last is not.
		{`{from: 2026-12-01, until: 2026-12-25}`, "2026-11-30T23:59", false},
		{`{from: 2026-12-01, until: 2026-12-25}`, "2026-12-01T00:00", true},
		{`{from: 2026-12-01, until: 2026-12-25}`, "2026-12-25T23:59", true},
		{`{from: 2026-12-01, until: 2026-12-25}`, "2026-12-26T00:00", false},
		{`{from: 2026-12-01T10:00, until: 2026-12-01T12:30}`, "2026-12-01T12:29", true},
		{`{from: 2026-12-01T10:00, until: 2026-12-01T12:30}`, "2026-12-01T12:30", false},
		{`{from: "2026-12-01T10:00:00+00:00"}`, "2026-12-01T18:59", false},
		{`{from: "2026-12-01T10:00:00+00:00"}`, "2026-12-01T19:00", true},
		{`{until: 2026-12-01}`, "2020-01-01T00:00", true},
		// days
		{`{days: [mon, fri]}`, "2026-12-04T00:00", true},
		{`{days: [mon, fri]}`, "2026-12-05T00:00", false},
		{`{days: sun}`, "2026-12-06T12:00", true},
		// hours, half-open
		{`{hours: "09:00-17:30"}`, "2026-12-04T08:59", false},
		{`{hours: "09:00-17:30"}`, "2026-12-04T09:00", true},
		{`{hours: "09:00-17:30"}`, "2026-12-04T17:29", true},
		{`{hours: "09:00-17:30"}`, "2026-12-04T17:30", false},
		{`{hours: ["09:00-10:00", "20:00-21:00"]}`, "2026-12-04T20:30", true},
		{`{hours: "00:00-24:00"}`, "2026-12-04T23:59", true},
		// over midnight: the morning belongs to the evening before
		{`{hours: "20:00-02:00"}`, "2026-12-04T01:59", true},
		{`{hours: "20:00-02:00"}`, "2026-12-04T02:00", false},
		{`{hours: "20:00-02:00"}`, "2026-12-04T20:00", true},
		{`{days: [fri], hours: "20:00-02:00"}`, "2026-12-04T23:00", true},
		{`{days: [fri], hours: "20:00-02:00"}`, "2026-12-05T01:00", true},
		{`{days: [fri], hours: "20:00-02:00"}`, "2026-12-04T01:00", false},
		{`{days: [sat], hours: "20:00-02:00"}`, "2026-12-06T01:00", true},
		{`{days: [fri], hours: "20:00-24:00"}`, "2026-12-05T00:00", false},
	} {
		at, err := time.ParseInLocation("2006-01-02T15:04", c.at, tokyo)
		if err != nil {
			t.Fatal(err)
		}
		// the schedule is written for Tokyo; the same moment said in UTC is the same moment
		s := load(t, "", live("x", "true", "schedule: "+inTokyo(c.schedule))).Campaigns[0]
		if got := s.Schedule.Open(at.UTC(), s.Zone); got != c.want {
			t.Errorf("%s at %s: open %t, want %t", c.schedule, c.at, got, c.want)
		}
		if s.Schedule.always() != (c.schedule == `{}`) {
			t.Errorf("%s: taken for always open", c.schedule)
		}
	}
}

func inTokyo(schedule string) string {
	if schedule == "{}" {
		return "{timezone: Asia/Tokyo}"
	}
	return "{timezone: Asia/Tokyo, " + schedule[1:]
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "15m": 15 * time.Minute, "72h": 72 * time.Hour, "7d": 168 * time.Hour,
		"1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour, "3660d": MaxDuration,
	} {
		got, err := ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"": `"" is not a length of time`, "7": `"7" is not a length of time`, "3 days": `"3 days" is not a length of time`,
		"30m1h": `"30m1h" is not a length of time`, "-1h": `"-1h" is not a length of time`, "1.5h": `"1.5h" is not a length of time`,
		"0s": `"0s" is no time at all`, "3661d": `"3661d" is longer than ten years`, "999999999d": `"999999999d" is longer than ten years`,
		"3660d1s": `"3660d1s" is longer than ten years`,
	} {
		if got, err := ParseDuration(text); err == nil || err.Error() != want {
			t.Errorf("%q: %s %v, want the error %s", text, got, err, want)
		}
	}
}

// What a window says can be read again, and is the same window.
func TestWindowString(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"30s", "1h30m", "7d", "1d1h1m1s"} {
		d, err := ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Window{Kind: "rolling", Length: d}).String(); got != text {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	if got := (Window{Kind: "session"}).String(); got != "session" {
		t.Errorf("session is written as %s", got)
	}
}
