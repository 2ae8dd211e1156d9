package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/rules"
)

// counted is a number and what it counts: "1 error", "2 errors".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func checkCommand() *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Say every mistake in a rules folder, at its line",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %s is neither text nor json", format)
			}
			if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
				return fmt.Errorf("%s is not a folder: give the rules folder, the one with campaigns/ in it", args[0])
			}
			set, found := rules.Load(os.DirFS(args[0]))
			errs, warnings := found.Count()
			out := cmd.OutOrStdout()
			if format == "json" {
				if found == nil {
					found = rules.Findings{}
				}
				enc := json.NewEncoder(out)
				enc.SetIndent("", "  ")
				if err := enc.Encode(map[string]any{"errors": errs, "warnings": warnings, "findings": found}); err != nil {
					return err
				}
			} else {
				for _, f := range found {
					fmt.Fprintf(out, "%s\n\n", f)
				}
				if errs == 0 {
					fmt.Fprintf(out, "good: %s, rule set %.12s", counted(len(set.Campaigns), "campaign"), set.Hash)
				} else {
					fmt.Fprint(out, counted(errs, "error"))
				}
				if warnings > 0 {
					fmt.Fprint(out, ", "+counted(warnings, "warning"))
				}
				fmt.Fprintln(out)
			}
			if errs > 0 {
				return exit{code: findings}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "text or json")
	return cmd
}
