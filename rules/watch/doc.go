// Package watch tells when a rules folder has changed, so that a server can
// load it again. It stands apart from package rules so that rules stays pure:
// no clock, no files held open.
package watch
