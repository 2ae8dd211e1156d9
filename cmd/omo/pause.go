package main

import (
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine"
)

// overridden is what POST /v1/campaigns/{id}/pause and resume tell.
type overridden struct {
	Campaign string           `json:"campaign"`
	Status   string           `json:"status"`
	Override *engine.Override `json:"override"`
	Was      *engine.Override `json:"was,omitempty"`
}

func pauseCommand() *cobra.Command {
	return overrideCommand("pause", "Stop a campaign for everybody, at once",
		`Stop a campaign for everybody from the next page view on: nothing of it is shown or
sent until omo resume, also over restarts and changed rules. Its file stays as it
is. What has been handed to the outbox still goes out.
Needs a running server and OMO_SECRET_KEY.`, func(w io.Writer, o overridden) {
			fmt.Fprintf(w, "%s is paused; omo resume %s lets it go on\n", o.Campaign, o.Campaign)
		})
}

func resumeCommand() *cobra.Command {
	return overrideCommand("resume", "Let a paused campaign go on, or one that was stopped for harm",
		`Let a campaign go on that was paused by omo pause, or that was stopped because it
did harm. After a harm stop results are counted anew, in a phase of its own: mend
the campaign first.
Needs a running server and OMO_SECRET_KEY.`, func(w io.Writer, o overridden) {
			was := "paused"
			switch {
			case o.Was == nil:
			case o.Was.Harm != nil && o.Was.Paused:
				was = "paused, and stopped for harm: " + o.Was.Harm.En
			case o.Was.Harm != nil:
				was = "stopped for harm: " + o.Was.Harm.En
			}
			fmt.Fprintf(w, "%s is %s now; it was %s\n", o.Campaign, o.Status, was)
			if o.Status == "paused" || o.Status == "ended" {
				fmt.Fprintln(w, "its file says so: write status: live there")
			}
		})
}

// overrideCommand decides something about one campaign beside its file.
func overrideCommand(verb, short, long string, say func(io.Writer, overridden)) *cobra.Command {
	server, form := "http://127.0.0.1:8080", answers{}
	cmd := &cobra.Command{
		Use: verb + " CAMPAIGN", Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var done overridden
			if err := c.call(cmd.Context(), "/v1/campaigns/"+url.PathEscape(args[0])+"/"+verb, []byte("{}"), &done); err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			return form.give(out, done, func() { say(out, done) })
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	form.flag(cmd, "a sentence")
	return cmd
}

// beside says in a table what was decided about a campaign beside its file.
func beside(o *engine.Override) string {
	switch {
	case o == nil:
		return ""
	case o.Paused:
		return "paused by " + o.By
	case o.Harm != nil:
		return "harm: " + o.Harm.Guardrail + " of " + o.Harm.Variant
	default:
		return fmt.Sprintf("bandit, period %d", o.Period)
	}
}
