// Package dashboard is the screens: templates, styles and what is drawn in Go.
// It is given data and writes HTML; it asks nobody for anything.
package dashboard
