// Package api is the HTTP door: each handler decodes, calls one thing, and
// encodes. Who may come in is decided here (keys, origins, signatures,
// sizes); what happens then is not.
//
//	request ─► limits ─► key & origin ─► handler ─► engine.Visit | reports ─► JSON
//	                                        │
//	                                     an error ─► one table ─► status
//
// echo is imported nowhere else.
package api
