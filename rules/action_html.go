package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxHTML bounds an action's HTML, in bytes.
const maxHTML = 10_000

// htmlElements are what an action's HTML may hold: words and pictures, and
// nothing that runs, asks, or reaches out of its box.
var htmlElements = []string{
	"a", "b", "blockquote", "br", "em", "h3", "h4", "hr", "i", "img", "li", "mark", "ol", "p", "s", "small", "span", "strong", "sub", "sup", "u", "ul",
}

// htmlPolicy is the sanitiser: what it takes away is refused, so that a
// marketer reads of it before a visitor misses it.
var htmlPolicy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(htmlElements...)
	p.AllowNoAttrs().OnElements("span")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(bluemonday.Integer).OnElements("img")
	p.AllowURLSchemes("http", "https", "tel", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}()

// tree checks HTML and gives it as the browser builds it, node by node, so that
// no text of ours is ever parsed there: a text is a string, an element
// [name, {attributes}, …children], without the attributes if it has none.
func (r *reader) tree(t text, path string, site Site) []any {
	if t.At == nil {
		return nil
	}
	if len(t.S) > maxHTML {
		r.fail(t.At, path, "value", "the HTML has %d bytes; %d are allowed", len(t.S), maxHTML)
		return nil
	}
	written, clean := fragment(t.S), fragment(htmlPolicy.Sanitize(t.S))
	if problem := refusedHTML(written); problem != "" {
		r.failWith(t.At, path, "value", problem, "allowed are "+strings.Join(htmlElements, " ")+", with href on a and src, alt, width, height on img")
		return nil
	}
	if elementsOf(clean) != elementsOf(written) { // the sanitiser knows something that refusedHTML does not
		r.failWith(t.At, path, "value", "a part of the HTML is not safe", "leave out all but words, lists, links and pictures")
		return nil
	}
	if strings.TrimSpace(t.S) == "" {
		r.fail(t.At, path, "value", "the HTML is empty")
	}
	r.blanks(written, t, path, site)
	return branches(clean)
}

// blanks checks the blanks in the words of an action's HTML. In attributes there are
// none: an address of a visitor's making could lead anywhere.
func (r *reader) blanks(nodes []*html.Node, t text, path string, site Site) {
	for _, n := range nodes {
		if n.Type == html.TextNode {
			words := t
			words.S = n.Data
			r.greeted(words, path, maxHTML, site)
		}
		for _, a := range n.Attr {
			if strings.Contains(a.Val, "{{") {
				r.failWith(t.At, path, "value", "there is no placeholder {{…}} in "+a.Key+" of <"+n.Data+">", "only words may have one")
			}
		}
		r.blanks(inside(n), t, path, site)
	}
}

func fragment(text string) []*html.Node {
	nodes, err := html.ParseFragment(strings.NewReader(text), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil { // a reader of memory does not fail
		return nil
	}
	return nodes
}

// refusedHTML names the first thing that an action's HTML may not hold.
func refusedHTML(nodes []*html.Node) string {
	for _, n := range nodes {
		if n.Type == html.ElementNode {
			if !slices.Contains(htmlElements, n.Data) {
				return fmt.Sprintf("<%s> is not allowed in an action", n.Data)
			}
			for _, a := range n.Attr {
				if !htmlPolicyTakes(n.Data, a) {
					return fmt.Sprintf("%s of <%s> is not allowed in an action", strings.TrimSpace(a.Key+" "+quote(a.Val)), n.Data)
				}
			}
		}
		if n.Type != html.ElementNode && n.Type != html.TextNode {
			return "a comment is not allowed in an action"
		}
		if problem := refusedHTML(inside(n)); problem != "" {
			return problem
		}
	}
	return ""
}

// htmlPolicyTakes asks the sanitiser of one attribute.
func htmlPolicyTakes(element string, a html.Attribute) bool {
	one := &html.Node{Type: html.ElementNode, Data: element, DataAtom: atom.Lookup([]byte(element)), Attr: []html.Attribute{a}}
	var text strings.Builder
	if html.Render(&text, one) != nil {
		return false
	}
	for _, n := range fragment(htmlPolicy.Sanitize(text.String())) {
		if n.Type == html.ElementNode && len(n.Attr) == 1 {
			return true
		}
	}
	return false
}

func inside(n *html.Node) (out []*html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out = append(out, c)
	}
	return out
}

// elementsOf is how many elements there are.
func elementsOf(nodes []*html.Node) (n int) {
	for _, node := range nodes {
		if node.Type == html.ElementNode {
			n++
		}
		n += elementsOf(inside(node))
	}
	return n
}

func branches(nodes []*html.Node) (out []any) {
	for _, n := range nodes {
		if n.Type == html.TextNode {
			out = append(out, n.Data)
			continue
		}
		branch := []any{n.Data}
		if len(n.Attr) > 0 {
			attributes := map[string]string{}
			for _, a := range n.Attr {
				attributes[a.Key] = a.Val
			}
			branch = append(branch, attributes)
		}
		out = append(out, append(branch, branches(inside(n))...))
	}
	return out
}
