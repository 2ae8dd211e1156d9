package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/ingest"
)

func importCommand() *cobra.Command {
	server := "http://127.0.0.1:8080"
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Bring in history: NDJSON, one event a line (- reads standard input, .gz is inflated)",
		Long: `Bring in history through the HTTP API, with the secret key in OMO_SECRET_KEY.
One event a line:

  {"id": "<uuid>", "visitor": {"id": "…"}, "name": "purchase", "time": "2026-10-01T12:00:00+09:00", "properties": {"value": 6800}}

or a call of Segment's API, with its type (track, identify, page, …), as Segment
and RudderStack archive them. Events keep their times and should come in the order in which they happened.
An id that was accepted before is not counted again, so an import that broke
off can simply be repeated. An omo_exposure needs only campaign and variant.`,
		Args: one("a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			in, size, err := openImport(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer in.Close()
			i := importing{client: c, log: cmd.ErrOrStderr(), equal: map[uuid.UUID]int{}, bar: newBar(cmd.ErrOrStderr(), "importing", size, progress.UnitsBytes)}
			err = i.run(cmd.Context(), in)
			i.bar.end()
			if err == nil {
				i.arrive(cmd.Context())
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d events accepted (%d of them known before), %d rejected\n", i.accepted, i.known, i.rejected)
			switch {
			case cmd.Context().Err() != nil:
				return exit{findings, errors.New("interrupted; what was accepted is kept: repeat the import to go on")}
			case err != nil:
				return exit{findings, fmt.Errorf("%w; what was accepted is kept: repeat the import to go on", err)}
			case i.rejected > 0:
				return exit{code: findings}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	return cmd
}

// source is a file being imported; read counts its bytes as they lie on disk.
type source struct {
	io.Reader
	file *os.File
	read int64
}

func (s *source) Close() error { return s.file.Close() }

// Read of the file itself; inflating sits above it.
func (s *source) count(r io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) { n, err := r.Read(p); s.read += int64(n); return n, err })
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func openImport(name string, stdin io.Reader) (*source, int64, error) {
	s := &source{file: os.Stdin}
	raw, size := stdin, int64(0)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, 0, fmt.Errorf("file cannot be read: %w; give an NDJSON file, or - for standard input", err)
		}
		info, err := f.Stat()
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		s.file, raw, size = f, f, info.Size()
	}
	buffered := bufio.NewReaderSize(s.count(raw), 1<<16)
	s.Reader = buffered
	// Gzip is known by its first bytes, whatever the file is called.
	if magic, err := buffered.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, 0, errors.Join(fmt.Errorf("%s looks like gzip and is not: %w", name, err), s.Close())
		}
		s.Reader = z
	}
	return s, size, nil
}

// importing sends a file batch by batch.
type importing struct {
	client *client
	log    io.Writer
	bar    *bar

	equal    map[uuid.UUID]int // lines without an id, by their text
	batch    [][]byte
	segment  bool  // the batch is of Segment's calls
	lines    []int // of the batch's events in the file
	bytes    int
	accepted int
	known    int
	rejected int
}

// Bounds of one request; well below the server's.
const (
	batchEvents = ingest.MaxEvents
	batchBytes  = 400 << 10
	shownErrors = 20 // the rest are only counted
)

func (i *importing) run(ctx context.Context, in *source) error {
	lines := bufio.NewReaderSize(in, longestLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			i.reject(n, "too_large", fmt.Sprintf("the line is longer than %d KiB", longestLine>>10))
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = lines.ReadSlice('\n')
			}
			line = nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("the file breaks off at line %d: %w", n, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := i.add(ctx, n, line); err != nil {
				return err
			}
			i.bar.set(in.read, 0)
		}
		if err != nil {
			return i.send(ctx)
		}
	}
}

// longestLine is how long a line may be, properties and all.
const longestLine = 2 * ingest.MaxEventBytes

// add puts one line into the batch, and sends the batch when it is full.
func (i *importing) add(ctx context.Context, n int, line []byte) error {
	var event ingest.Incoming
	if err := json.Unmarshal(line, &event); err != nil {
		i.reject(n, "bad_json", err.Error())
		return nil
	}
	line = bytes.Clone(line)
	segment := ingest.IsSegment(line)
	switch {
	case segment && !bytes.Contains(line, []byte(`"messageId"`)):
		line = append([]byte(`{"messageId":"`+i.idOf(line)+`",`), line[1:]...)
	case !segment && event.ID == "":
		line = append([]byte(`{"id":"`+i.idOf(line)+`",`), line[1:]...)
	}
	if segment != i.segment {
		if err := i.send(ctx); err != nil {
			return err
		}
		i.segment = segment
	}
	if len(i.batch) == batchEvents || i.bytes+len(line) > batchBytes {
		if err := i.send(ctx); err != nil {
			return err
		}
	}
	i.batch = append(i.batch, line)
	i.lines = append(i.lines, n)
	i.bytes += len(line) + 1
	return nil
}

// idOf makes an id for a line that has none, the same at every import of the
// file: from its text, and from how many equal lines came before it.
func (i *importing) idOf(line []byte) string {
	of := uuid.NewSHA1(uuid.NameSpaceOID, line)
	i.equal[of]++
	return uuid.NewSHA1(of, []byte(strconv.Itoa(i.equal[of]))).String()
}

func (i *importing) send(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	path, opening := "/v1/events", `{"consent":"granted","events":[`
	if i.segment {
		path, opening = "/v1/batch", `{"batch":[`
	}
	body := append([]byte(opening), bytes.Join(i.batch, []byte(","))...)
	body = append(body, "]}"...)
	var answer struct {
		Accepted   int                `json:"accepted"`
		Duplicates int                `json:"duplicates"`
		Rejected   []ingest.Rejection `json:"rejected"`
	}
	err := i.client.insist(ctx, path, body, &answer)
	var r *refusal
	if errors.As(err, &r) && r.Err.Code == "no_valid_event" {
		for _, raw := range r.Err.Details {
			var one ingest.Rejection
			if err := json.Unmarshal(raw, &one); err != nil {
				return err
			}
			answer.Rejected = append(answer.Rejected, one)
		}
		err = nil
	}
	if err != nil {
		return fmt.Errorf("events up to line %d were not taken: %w", i.lines[len(i.lines)-1], err)
	}
	i.accepted += answer.Accepted
	i.known += answer.Duplicates
	for _, one := range answer.Rejected {
		i.reject(i.lines[one.Index], one.Code, one.Message)
	}
	i.batch, i.lines, i.bytes = i.batch[:0], i.lines[:0], 0
	return nil
}

// arriveWithin is how long an import waits for ClickHouse to have its events.
const arriveWithin = 30 * time.Second

// arrive waits until what was accepted can be counted, so that omo results
// right behind an import tells of it; if that takes long, it says so.
func (i *importing) arrive(ctx context.Context) {
	for end := time.Now().Add(arriveWithin); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		if lag, err := i.client.lag(ctx); err == nil && lag == 0 {
			return
		}
	}
	fmt.Fprintln(i.log, "not everything has reached ClickHouse yet: omo results will tell of it later; the server's /readyz says how far it is")
}

func (i *importing) reject(line int, code, message string) {
	i.rejected++
	switch {
	case i.rejected <= shownErrors:
		fmt.Fprintf(i.log, "line %d: %s: %s\n", line, code, message)
	case i.rejected == shownErrors+1:
		fmt.Fprintln(i.log, "more lines are rejected; they are counted, not shown")
	}
}
