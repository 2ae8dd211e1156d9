package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

func clickhouseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clickhouse",
		Short: "The embedded ClickHouse: install it, run it, ask it",
	}
	cmd.AddCommand(installCommand(), runCommand(), queryCommand())
	return cmd
}

func installCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "install",
		Short: "Fetch the ClickHouse library into the user's cache (once, 178 MB)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := clickhouse.Install(cmd.Context(), progressOn(cmd.ErrOrStderr()))
			if err != nil {
				return exit{findings, err}
			}
			fmt.Fprintln(cmd.OutOrStdout(), path)
			return nil
		},
	}
}

func runCommand() *cobra.Command {
	data, level := "omo-data", "info"
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run ClickHouse alone on a data folder, and print its address",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := logger(cmd.ErrOrStderr(), level)
			if err != nil {
				return err
			}
			o := clickhouse.Options{Dir: data + "/clickhouse", Log: log, Progress: progressOn(cmd.ErrOrStderr())}
			err = clickhouse.Run(cmd.Context(), o, func(s *clickhouse.Server) { fmt.Fprintln(cmd.OutOrStdout(), s.DSN()) })
			if err != nil {
				return exit{findings, err}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", data, "the data folder")
	cmd.Flags().StringVar(&level, "log", level, "debug, info, warn or error")
	return cmd
}

func queryCommand() *cobra.Command {
	data, dsn, format := "omo-data", "", ""
	cmd := &cobra.Command{
		Use:   "query [SQL]",
		Short: "Run one SQL statement, given as the argument or on standard input",
		Long: `Run one SQL statement on the ClickHouse that omo serve runs on this data
folder (or on --clickhouse DSN). If none runs there, one is started for the query.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sql := strings.Join(args, " ")
			if sql == "" {
				text, err := io.ReadAll(cmd.InOrStdin())
				if err != nil {
					return fmt.Errorf("SQL cannot be read from standard input: %w", err)
				}
				sql = string(text)
			}
			if format == "" {
				format = "tsv"
				if onTerminal(cmd.OutOrStdout()) {
					format = "table"
				}
			}
			if dsn == "" {
				address, stop, err := clickhouseOf(cmd, data)
				if err != nil {
					return exit{findings, err}
				}
				defer stop()
				dsn = address
			}
			if err := clickhouse.Query(cmd.Context(), dsn, sql, cmd.OutOrStdout(), format); err != nil {
				return exit{findings, err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", data, "the data folder")
	f.StringVar(&dsn, "clickhouse", "", "a ClickHouse server instead, clickhouse://user:password@host:9000/database")
	f.StringVar(&format, "format", "", "table, tsv or json (one object a line); table on a terminal, else tsv")
	return cmd
}
