package main

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func releaseCommand() *cobra.Command {
	server, allBut, yes, form := "http://127.0.0.1:8080", 0, false, answers{}
	cmd := &cobra.Command{
		Use:   "release POOL",
		Short: "Let codes that a restore set aside be given again",
		Long: `Let codes of a pool be given again that omo restore set aside, since they may have
been told to visitors after the backup. A code that was told and is released is
told twice, so say how many may have been: --all-but N keeps the first N of them
aside, in the order of the file, in which codes are told. A ClickHouse of your
own that has gone on since knows how many, by campaign:

  SELECT campaign, uniqExact(visitor_id) FROM decisions
  WHERE reason = 'offered' AND received >= '2026-12-01 03:00:00' GROUP BY campaign

and so does a shop that hands codes to its tills. Where nobody knows, leave them
aside and add new codes to coupons/POOL.csv.`,
		Example: `  omo coupons release welcome10 --all-but 500`,
		Args:    one("a pool's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if allBut < 0 {
				return fmt.Errorf("--all-but %d: say how many stay aside, 0 or more", allBut)
			}
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if !yes {
				if err := sure(cmd, fmt.Sprintf("Give codes of %s again, but for the first %d that are aside?", args[0], allBut)); err != nil {
					return err
				}
			}
			body, err := json.Marshal(map[string]int{"all_but": allBut})
			if err != nil {
				return err
			}
			var done struct {
				Released int `json:"released"`
				Aside    int `json:"aside"`
			}
			if err := c.call(cmd.Context(), "/v1/coupons/"+url.PathEscape(args[0])+"/release", body, &done); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, done, func() {
				fmt.Fprintf(out, "%s can be given again, %d stay aside\n", counted(done.Released, "code"), done.Aside)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&server, "server", server, "the omo server")
	f.IntVar(&allBut, "all-but", 0, "so many stay aside: as many as may have been told")
	f.BoolVar(&yes, "yes", false, "do not ask")
	form.flag(cmd, "text")
	return cmd
}
