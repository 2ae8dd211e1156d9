// Command webbuild bundles the browser code: TypeScript and CSS in, minified
// scripts out, each within its limit of bytes. Bundles are committed, so that
// the product builds with the Go toolchain alone and never imports a bundler; a
// test and `webbuild -check` hold that what is committed is what the sources
// give. The dashboard's take packages from npm, as its lock file names them.
//
//	go run ./cmd/webbuild          write the bundles, print their sizes
//	go run ./cmd/webbuild -check   write nothing, fail where a bundle is stale
package main
