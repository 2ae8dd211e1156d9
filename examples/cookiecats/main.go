package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cookiecats:", err)
		os.Exit(2)
	}
}

// run converts the file named by the only argument.
func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("want one argument: the path of cookie_cats.csv or cookie_cats.csv.gz")
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	in, err := inflate(file)
	if err == nil {
		err = Convert(in, out)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// inflate reads through gzip where the first bytes say so: the data set travels both ways.
func inflate(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		return gzip.NewReader(buffered)
	}
	return buffered, nil
}
