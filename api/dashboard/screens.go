package dashboard

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
)

//go:embed screens
var screenFiles embed.FS

// Screens are all templates, once for each language. They are safe for use by
// several goroutines.
type Screens struct {
	assets Assets
	pages  map[string]map[string]*template.Template // language → screen
}

// view is a template's dot.
type view struct {
	Frame
	Data any
}

// New reads the templates, texts and built files that the package holds.
func New() (*Screens, error) {
	assets, err := built()
	if err != nil {
		return nil, err
	}
	texts, err := readTexts()
	if err != nil {
		return nil, err
	}
	names, err := Names()
	if err != nil {
		return nil, err
	}
	s := &Screens{assets: assets, pages: map[string]map[string]*template.Template{}}
	for _, language := range Languages {
		frame, err := template.New("").Funcs(funcs(texts.in(language), language, assets)).ParseFS(screenFiles, "screens/layout.html", "screens/parts/*.html")
		if err != nil {
			return nil, fmt.Errorf("screens: %w", err)
		}
		s.pages[language] = map[string]*template.Template{}
		for _, name := range names {
			page, err := frame.Clone()
			if err == nil {
				page, err = page.ParseFS(screenFiles, "screens/"+name+".html")
			}
			if err != nil {
				return nil, fmt.Errorf("screen %s: %w", name, err)
			}
			s.pages[language][name] = page
		}
	}
	return s, nil
}

// Names are the screens there are, in alphabetical order.
func Names() ([]string, error) {
	files, err := fs.Glob(screenFiles, "screens/*.html")
	var names []string
	for _, file := range files {
		if name := strings.TrimSuffix(strings.TrimPrefix(file, "screens/"), ".html"); name != "layout" {
			names = append(names, name)
		}
	}
	return names, err
}

// Render writes a whole page. A screen or a language that is not there is an error.
func (s *Screens) Render(w io.Writer, f Frame, screen string, data any) error {
	return s.Part(w, f, screen, "layout", data)
}

// Part writes what a screen's template defines under a name: a part that is
// swapped into a page that is open.
func (s *Screens) Part(w io.Writer, f Frame, screen, part string, data any) error {
	page := s.pages[f.Language][screen]
	if page == nil {
		return errors.New("no screen " + screen + " in the language " + f.Language)
	}
	if err := page.ExecuteTemplate(w, part, view{f, data}); err != nil {
		return fmt.Errorf("screen %s: %w", screen, err)
	}
	return nil
}

// Asset is a built file by its name, such as ui.css.
func (s *Screens) Asset(name string) (Asset, bool) {
	a, ok := s.assets[name]
	return a, ok
}
