package ingest

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:generate go run crawlers_generate.go

//go:embed crawlers.txt
var crawlerList string

// crawlerPatterns are the user agents of crawlers known by name. Nine in ten
// are plain texts: looking for those one by one takes a fortieth of what one
// expression of all of them takes.
type crawlerPatterns struct {
	texts []string
	rest  *regexp.Regexp
}

var crawlers = sync.OnceValue(func() crawlerPatterns {
	var p crawlerPatterns
	var rest []string
	for line := range strings.Lines(crawlerList) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if text, plain := regexp.MustCompile(line).LiteralPrefix(); plain {
			p.texts = append(p.texts, text)
		} else {
			rest = append(rest, line)
		}
	}
	p.rest = regexp.MustCompile(strings.Join(rest, "|"))
	return p
})

func isCrawler(userAgent string) bool {
	p := crawlers()
	for _, text := range p.texts {
		if strings.Contains(userAgent, text) {
			return true
		}
	}
	return p.rest.MatchString(userAgent)
}
