package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func previewCommand() *cobra.Command {
	var server, page, variant string
	var form answers
	cmd := &cobra.Command{
		Use:   "preview CAMPAIGN --page URL",
		Short: "A link that shows a campaign on the shop's own page, without exposure",
		Long: `A link that shows a variant of a campaign on a page of the shop, whatever its
rule, schedule and frequency say, drafts too. Whoever has the link sees it for an
hour, in one browser tab, with a bar that says so and goes to the other variants.
Nothing that happens in that tab is recorded, and no code or frequency is spent.
Needs a running server and OMO_SECRET_KEY.`,
		Example: `  omo preview cart-rescue --page https://shop.example/cart
  omo preview cart-rescue --variant coupon10 --page https://shop.example/cart`,
		Args: one("a campaign's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			body, err := json.Marshal(map[string]string{"campaign": args[0], "variant": variant, "page": page})
			if err != nil {
				return err
			}
			var answer struct {
				Campaign  string    `json:"campaign"`
				Variant   string    `json:"variant"`
				Link      string    `json:"link"`
				ExpiresAt time.Time `json:"expires_at"`
			}
			if err := c.call(cmd.Context(), "/v1/preview", body, &answer); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, answer, func() {
				fmt.Fprintf(out, "%s\n%s of %s, until %s\n", answer.Link, answer.Variant, answer.Campaign, answer.ExpiresAt.Local().Format("15:04"))
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&server, "server", "http://127.0.0.1:8080", "the omo server")
	f.StringVar(&page, "page", "", "the address of the page to show it on")
	f.StringVar(&variant, "variant", "", "the variant; without it the first that shows something")
	form.flag(cmd, "text")
	if err := cmd.MarkFlagRequired("page"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}
