package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
)

func main() {
	check := flag.Bool("check", false, "write nothing, and fail where a committed bundle is not what its sources give")
	flag.Parse()
	root, err := moduleRoot()
	if err == nil {
		err = run(root, append(bundles(), screens()...), *check, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

// run builds every bundle, prints a table of sizes, and writes or compares.
// All bundles are tried before it fails.
func run(root string, all []bundle, check bool, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "bytes\tgzip\tlimit\t bundle")
	var failed []error
	addresses := map[string]string{}
	for _, b := range all {
		body, err := build(root, b, addresses)
		if err != nil {
			failed = append(failed, fmt.Errorf("build %s: %w", b.out, err))
			continue
		}
		if b.name != "" {
			addresses[b.name] = strconv.Quote(b.address(body))
		}
		packed, err := gzipSize(body)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t %s\n", len(body), packed, b.limit, b.out)
		if packed > b.limit {
			failed = append(failed, fmt.Errorf("%s: %d bytes after gzip, the limit is %d: make it smaller, or raise the limit in cmd/webbuild knowingly", b.out, packed, b.limit))
		}
		if err := settle(filepath.Join(root, b.out), b.out, body, check); err != nil {
			failed = append(failed, err)
		}
	}
	if err := table.Flush(); err != nil {
		failed = append(failed, fmt.Errorf("print sizes: %w", err))
	}
	return errors.Join(failed...)
}

// settle writes the bundle, or says that the committed one is stale.
func settle(path, name string, body []byte, check bool) error {
	if check {
		committed, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read committed bundle: %w", err)
		}
		if !bytes.Equal(committed, body) {
			return fmt.Errorf("%s is stale: run `go run ./cmd/webbuild` and commit it with its sources", name)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}
