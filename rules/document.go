package rules

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

type document struct {
	text string
	line int // lines before it
}

// documents splits at the markers ourselves: `---` at the start of a line ends a
// document wherever it stands, and the library loses what follows an empty one.
func documents(lines []string) []document {
	var docs []document
	start := 0
	for i, line := range lines {
		if line == "---" || line == "..." || strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "... ") {
			docs = append(docs, document{strings.Join(lines[start:i], "\n"), start})
			start = i + 1
			if rest := strings.TrimSpace(line[3:]); rest != "" && !strings.HasPrefix(rest, "#") {
				docs = append(docs, document{"   " + line[3:], i})
			}
		}
	}
	return append(docs, document{strings.Join(lines[start:], "\n"), start})
}

func syntaxHint(line, message string) string {
	switch {
	case strings.Contains(line, "\t"):
		return "YAML is indented with spaces, not tabs"
	case strings.Contains(message, "mapping value is not allowed"), strings.Contains(line, ": ") && strings.Count(line, `"`) > 1:
		return "a value that holds a colon or starts with a quote goes in '…' as a whole"
	}
	return ""
}

// tooDeep finds a token where brackets or dashes nest beyond the bound: the
// library recurses, and a stack that overflows cannot be caught.
func tooDeep(tokens token.Tokens) *token.Token {
	depth, dashes, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			if t.Position.Line != line {
				line, dashes = t.Position.Line, 0
			}
			dashes++
		}
		if depth > maxDepth || dashes > maxDepth || t.Position.IndentLevel > maxDepth {
			return t
		}
	}
	return nil
}
