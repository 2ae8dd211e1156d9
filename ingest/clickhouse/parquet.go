package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Parquet writes rows, one JSON object a line, as a Parquet file. structure names
// the columns with their ClickHouse types: "day Date, rate Nullable(Float64)". A
// ClickHouse of its own does it, without a data folder and without listening, and
// ends with it; progress is of its installation, where that has to come first.
func Parquet(ctx context.Context, w io.Writer, structure string, rows io.Reader, progress Progress) error {
	e, err := findEngine(ctx, progress)
	if err != nil {
		return err
	}
	// The library keeps for itself what it would print, so it goes through a file.
	dir, err := os.MkdirTemp("", "omo-parquet-")
	if err != nil {
		return fmt.Errorf("no folder to write Parquet in: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "rows.parquet")
	if strings.ContainsAny(file, `'\`) {
		return fmt.Errorf("the folder for temporary files, %s, has a quote or a backslash in its name: name another in TMPDIR", dir)
	}
	cmd := e.command("--path="+filepath.Join(dir, "clickhouse"), "--input-format=JSONEachRow", "--structure="+structure, "--query=SELECT * FROM table INTO OUTFILE '"+file+"' FORMAT Parquet")
	var said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = rows, &said, &said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start ClickHouse to write Parquet: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = errors.Join(ctx.Err(), cmd.Process.Kill())
		<-done
	}
	if err == nil && strings.Contains(said.String(), "DB::Exception") { // of the library, which goes on to leave in peace
		err = errors.New("it refused")
	}
	if err != nil {
		return fmt.Errorf("ClickHouse could not write Parquet: %w: %s", err, strings.TrimSpace(said.String()))
	}
	written, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("ClickHouse wrote no Parquet: %w", err)
	}
	defer written.Close()
	if _, err := io.Copy(w, written); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}
