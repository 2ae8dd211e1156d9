package rules

import (
	"iter"
	"runtime"
	"slices"
	"sync"
)

// written is one file of campaigns, read and decoded and not yet checked.
type written struct {
	in        *reader
	documents []campaignFile
	source    map[string]string
	found     Findings // what is wrong with the file by itself
}

// filesAtOnce bounds how far reading is ahead of checking.
const filesAtOnce = 64

// written reads files ahead, on all processors, and hands them over in order:
// reading YAML is most of what loading costs, and needs to know of no other file.
func (l *loader) written(names []string) iter.Seq[*written] {
	return func(yield func(*written) bool) {
		for some := range slices.Chunk(names, filesAtOnce) {
			files := make([]*written, len(some))
			var reading sync.WaitGroup
			free := make(chan struct{}, runtime.GOMAXPROCS(0))
			for i, name := range some {
				free <- struct{}{}
				reading.Go(func() {
					files[i] = l.write(name)
					<-free
				})
			}
			reading.Wait()
			for _, w := range files {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// write reads one file with a loader of its own: l is not touched.
func (l *loader) write(name string) *written {
	own := &loader{folder: l.folder, source: map[string]string{}}
	in, docs := own.read(name)
	w := &written{in: in, documents: make([]campaignFile, len(docs)), source: own.source}
	for i, d := range docs {
		w.documents[i].At = d
		in.decode(d, "", &w.documents[i])
	}
	w.found = own.found
	return w
}
