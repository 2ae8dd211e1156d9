package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// clickhouseOf gives the address of the ClickHouse on a data folder: the one
// that runs there, or one started for the caller, which stop ends.
func clickhouseOf(cmd *cobra.Command, data string) (dsn string, stop func() error, err error) {
	dir := filepath.Join(data, "clickhouse")
	if dsn, err := clickhouse.Find(dir); err == nil {
		return dsn, func() error { return nil }, nil
	}
	if _, err := os.Stat(dir); err != nil {
		return "", nil, fmt.Errorf("data folder %s has no ClickHouse: name the folder that omo serve runs on with --data, or a server with --clickhouse", data)
	}
	s, err := clickhouse.Start(cmd.Context(), clickhouse.Options{Dir: dir, Progress: progressOn(cmd.ErrOrStderr())})
	if err != nil {
		return "", nil, err
	}
	return s.DSN(), s.Close, nil
}
