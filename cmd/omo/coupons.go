package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

// poolInfo is one coupon pool as the server tells of it.
type poolInfo struct {
	Pool      string   `json:"pool"`
	Campaigns []string `json:"campaigns"`
	Total     int      `json:"total"`
	Claimed   int      `json:"claimed"`
	Redeemed  int      `json:"redeemed"`
	Left      int      `json:"left"`
	Withdrawn int      `json:"withdrawn"`
	Aside     int      `json:"aside"`
	Week      int      `json:"claimed_7d"`
	DaysLeft  *float64 `json:"days_left"`
}

func couponsCommand() *cobra.Command {
	server, form := "http://127.0.0.1:8080", answers{}
	cmd := &cobra.Command{
		Use:   "coupons [POOL]",
		Short: "List the coupon pools: how many codes are given, used and left",
		Long: `List the coupon pools of a running server: how many codes there are, how many
visitors were given, how many the shop redeemed, how many are left, and for how
many days at the pace of the last 7. To add codes, add lines to coupons/POOL.csv
in the rules folder: the server takes them in when the file is saved.`,
		Example: `  omo coupons
  omo coupons welcome10 --json
  omo coupons generate --count 1000 --prefix WEL- >> rules/coupons/welcome10.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var all struct {
				Pools []poolInfo `json:"pools"`
			}
			if err := c.call(cmd.Context(), "/v1/coupons", nil, &all); err != nil {
				return exit{findings, err}
			}
			list := all.Pools
			if len(args) == 1 {
				if list = poolNamed(all.Pools, args[0]); list == nil {
					return exit{findings, fmt.Errorf("the server's rules have no coupon pool %s: put its codes into coupons/%s.csv, one a line", args[0], url.PathEscape(args[0]))}
				}
			}
			out := cmd.OutOrStdout()
			return form.give(out, map[string]any{"pools": list}, func() { poolTable(out, list) })
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	form.flag(cmd, "the table")
	cmd.AddCommand(generateCommand(), releaseCommand())
	return cmd
}

func poolNamed(pools []poolInfo, name string) []poolInfo {
	for _, p := range pools {
		if p.Pool == name {
			return []poolInfo{p}
		}
	}
	return nil
}

func poolTable(out io.Writer, list []poolInfo) {
	t := newTable(out, "pool", "total", "claimed", "redeemed", "left", "last 7 days", "days left", "campaigns")
	for _, p := range list {
		days := "–"
		if p.DaysLeft != nil {
			days = fmt.Sprintf("%.1f", *p.DaysLeft)
		}
		t.AppendRow(table.Row{p.Pool, p.Total, p.Claimed, p.Redeemed, p.Left, p.Week, days, strings.Join(p.Campaigns, ", ")})
	}
	t.SetColumnConfigs(rightAligned(2, 3, 4, 5, 6, 7))
	t.Render()
	for _, p := range list {
		if p.Aside > 0 {
			fmt.Fprintf(out, "%s: %s more set aside at a restore; omo coupons release --help says what to do\n", p.Pool, counted(p.Aside, "code"))
		}
	}
}

// letters are those that nobody takes for another one: without 0 O 1 I L, and
// without the vowels, which make words.
const letters = "23456789BCDFGHJKMNPQRSTVWXYZ"

// Bounds of generated codes.
const (
	mostGenerated = 1_000_000
	leastLetters  = 8 // 28 to the 8th: of a million codes one guess in 378,000 meets one
	mostLetters   = 32
)

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]{0,24}$`)

func generateCommand() *cobra.Command {
	count, length, prefix := 0, 10, ""
	cmd := &cobra.Command{
		Use:   "generate --count N",
		Short: "Print codes that nobody can guess, one a line",
		Long: `Print codes that nobody can guess from each other, one a line, each once: letters
and digits that are not taken for one another, from the system's random source.
Append them to a pool's file, coupons/POOL.csv.`,
		Example: `  omo coupons generate --count 1000 --prefix WEL- >> rules/coupons/welcome10.csv`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case count < 1 || count > mostGenerated:
				return fmt.Errorf("--count %d is not between 1 and %d", count, mostGenerated)
			case length < leastLetters || length > mostLetters:
				return fmt.Errorf("--length %d is not between %d and %d: shorter codes can be guessed", length, leastLetters, mostLetters)
			case !prefixForm.MatchString(prefix):
				return fmt.Errorf("--prefix %s is not up to 24 letters, digits, _ and -", prefix)
			}
			return generate(cmd.OutOrStdout(), count, length, prefix)
		},
	}
	cmd.Flags().IntVar(&count, "count", 0, "how many")
	cmd.Flags().IntVar(&length, "length", length, "random letters of each")
	cmd.Flags().StringVar(&prefix, "prefix", "", "what each begins with, such as WEL-")
	if err := cmd.MarkFlagRequired("count"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func generate(out io.Writer, count, length int, prefix string) error {
	buffered := bufio.NewWriter(out)
	random := bufio.NewReader(rand.Reader)
	of := big.NewInt(int64(len(letters)))
	seen := make(map[string]bool, count)
	for len(seen) < count {
		code := []byte(prefix)
		for range length {
			n, err := rand.Int(random, of)
			if err != nil {
				return fmt.Errorf("the system gives no random numbers: %w", err)
			}
			code = append(code, letters[n.Int64()])
		}
		if text := string(code); !seen[text] {
			seen[text] = true
			fmt.Fprintln(buffered, text)
		}
	}
	return buffered.Flush()
}
