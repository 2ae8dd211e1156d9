// Command screenshots takes pictures of every screen and every campaign's action,
// for people to look at: on a phone and a desk, light and dark, the screens in
// both languages. It runs the demo by itself; a running one can be named.
//
//	go run ./cmd/screenshots --out pictures
//	go run ./cmd/screenshots --out pictures --ui http://127.0.0.1:8080 --shop http://127.0.0.1:8081
//
//	go run ./cmd/screenshots --readme --out examples/screens
//
// With --ui the secret key of that server is in OMO_SECRET_KEY. A Chromium must be
// on the PATH.
package main
