package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/rules"
)

func schemaCommand() *cobra.Command {
	folder := ""
	cmd := &cobra.Command{
		Use:   "schema [" + strings.Join(rules.SchemaKinds(), "|") + "]",
		Short: "Print the JSON Schema of a kind of rules file, for editors",
		Long: `The JSON Schema (draft-07) of campaign files, or of site, segments or tests files:
an editor completes keys with it, explains them and marks what is misspelt.
With --out, all of them are written into a folder, KIND.schema.json each; point
the editor there, or begin a file with

  # yaml-language-server: $schema=../.schema/campaign.schema.json

What a schema cannot see (rules, names that must exist) omo check does.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kinds := rules.SchemaKinds()
			switch {
			case len(args) == 1 && !slices.Contains(kinds, args[0]):
				return fmt.Errorf("no schema is called %q: take one of %s", args[0], strings.Join(kinds, ", "))
			case len(args) == 1:
				kinds = args
			case folder == "":
				kinds = []string{"campaign"}
			}
			if folder == "" {
				return writeSchema(cmd.OutOrStdout(), kinds[0])
			}
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return fmt.Errorf("schema folder %s cannot be made: %w; name another with --out", folder, err)
			}
			for _, kind := range kinds {
				name := filepath.Join(folder, kind+".schema.json")
				if err := schemaFile(name, kind); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&folder, "out", "", "write the schemas into this folder instead")
	return cmd
}

func schemaFile(name, kind string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("cannot write the schema: %w", err)
	}
	if err := writeSchema(f, kind); err != nil {
		f.Close()
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return f.Close()
}

func writeSchema(w io.Writer, kind string) error {
	return writeJSON(w, rules.Schema(kind))
}
