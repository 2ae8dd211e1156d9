package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/rules"
)

const sample = "testdata/cookie_cats_sample.csv"

func TestOnePlayerBecomesTheseLines(t *testing.T) {
	var out bytes.Buffer
	in := "userid,version,sum_game_rounds,retention_1,retention_7\n377,gate_40,165,True,True\n116,gate_30,3,False,False\n"
	if err := Convert(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"2a614f82-cbf4-50ab-8bfe-8396657cdf2d","visitor":{"id":"e32ab90a-7ec7-52c4-935b-27b2dc68de6a"},"name":"omo_exposure","time":"2026-01-05T09:00:00Z","properties":{"campaign":"gate","player":377,"sum_game_rounds":165,"variant":"gate_40"}}
{"id":"9200e35e-1562-5254-93a7-78a9a1a5a558","visitor":{"id":"e32ab90a-7ec7-52c4-935b-27b2dc68de6a"},"name":"return_day_1","time":"2026-01-06T09:00:00Z"}
{"id":"e4e36b6d-0677-5745-b61b-abc37b27e261","visitor":{"id":"e32ab90a-7ec7-52c4-935b-27b2dc68de6a"},"name":"return_day_7","time":"2026-01-12T09:00:00Z"}
{"id":"6807cd3d-69cf-572b-9b80-16e03cfb65b8","visitor":{"id":"c15c74ba-22b7-5730-a42f-40c45b76be17"},"name":"omo_exposure","time":"2026-01-05T09:00:00Z","properties":{"campaign":"gate","player":116,"sum_game_rounds":3,"variant":"gate_30"}}
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// The sample's own counts, taken from the CSV by hand.
func TestTheSampleKeepsItsCounts(t *testing.T) {
	type arm struct{ exposed, day1, day7 int }
	var out bytes.Buffer
	if err := run([]string{sample}, &out); err != nil {
		t.Fatal(err)
	}
	first, _ := time.Parse(time.RFC3339, "2026-01-05T09:00:00Z")
	arms, variant, ids := map[string]*arm{"gate_30": {}, "gate_40": {}}, map[string]string{}, map[string]bool{}
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var e struct {
			ID         string
			Visitor    struct{ ID string }
			Name       string
			Time       time.Time
			Properties struct {
				Campaign, Variant string
				Rounds            *int `json:"sum_game_rounds"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if ids[e.ID] {
			t.Errorf("id %s is used twice", e.ID)
		}
		ids[e.ID] = true
		day := int(e.Time.Sub(first).Hours() / 24)
		switch {
		case e.Name == "omo_exposure" && day == 0 && e.Properties.Campaign == "gate" && e.Properties.Rounds != nil:
			variant[e.Visitor.ID] = e.Properties.Variant
			arms[e.Properties.Variant].exposed++
		case e.Name == "return_day_1" && day == 1:
			arms[variant[e.Visitor.ID]].day1++
		case e.Name == "return_day_7" && day == 7:
			arms[variant[e.Visitor.ID]].day7++
		default:
			t.Errorf("unexpected event: %s", lines.Text())
		}
	}
	if want := (arm{105, 44, 19}); *arms["gate_30"] != want {
		t.Errorf("gate_30: %+v, want %+v", *arms["gate_30"], want)
	}
	if want := (arm{95, 35, 13}); *arms["gate_40"] != want {
		t.Errorf("gate_40: %+v, want %+v", *arms["gate_40"], want)
	}
}

func TestTheCampaignHasTheArmsAndGoalsOfTheTest(t *testing.T) {
	set, findings := rules.Load(os.DirFS("rules"))
	for _, f := range findings {
		t.Error(f)
	}
	if set == nil || len(set.Campaigns) != 1 {
		t.Fatal("the rules do not load as one campaign")
	}
	gate := set.Campaigns[0]
	if gate.ID != "gate" || len(gate.Variants) != 2 || gate.Variants[0].ID != "gate_30" || !gate.Variants[0].Control() || gate.Variants[1].ID != "gate_40" || gate.Variants[1].Control() {
		t.Errorf("arms of %s: %+v", gate.ID, gate.Variants)
	}
	want := []rules.Goal{{Name: "return_day_1", Event: "return_day_1", Window: 48 * time.Hour, Value: "value"}, {Name: "return_day_7", Event: "return_day_7", Window: 192 * time.Hour, Value: "value"}}
	if !slices.Equal(gate.Goals, want) {
		t.Errorf("goals %+v, want %+v", gate.Goals, want)
	}
}

func TestPackedOrPlainAndRepeatedGiveTheSameBytes(t *testing.T) {
	plain, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "cookie_cats.csv.gz")
	file, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	writer := gzip.NewWriter(file)
	if _, err := writer.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := run([]string{sample}, &a); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{packed}, &b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the packed file gave other events than the plain one")
	}
}

func TestAMistakeIsShownAtItsLine(t *testing.T) {
	const header = "userid,version,sum_game_rounds,retention_1,retention_7\n"
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", `the first line is ""; want "userid,version,sum_game_rounds,retention_1,retention_7", as in the published data set`},
		{"another file", "a,b\n", `the first line is "a,b"; want "userid,version,sum_game_rounds,retention_1,retention_7", as in the published data set`},
		{"no number", header + "116,gate_30,3,False,False\nx,gate_30,3,False,False\n", `line 3: userid is "x"; want a whole number`},
		{"a third gate", header + "116,gate_50,3,False,False\n", `line 2: version is "gate_50"; want gate_30 or gate_40`},
		{"no rounds", header + "116,gate_30,,False,False\n", `line 2: sum_game_rounds is ""; want a whole number`},
		{"no truth", header + "116,gate_30,3,False,yes\n", `line 2: retention_7 is "yes"; want True or False`},
		{"a missing column", header + "116,gate_30\n", "record on line 2: wrong number of fields"},
	} {
		if err := Convert(strings.NewReader(c.in), &bytes.Buffer{}); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
	if err := run(nil, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "want one argument") {
		t.Errorf("without a file: %v", err)
	}
}
