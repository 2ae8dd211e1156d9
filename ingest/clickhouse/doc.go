// Package clickhouse runs a real ClickHouse as a supervised child process, for
// installations that name no ClickHouse of their own.
//
//	omo (parent)                                omo, run again (child)
//	  Server ── stdin pipe ───────────────────►  libchdb: clickhouse local, listening
//	    │  ◄──── stderr: rotating log file ────    │
//	    └────── native TCP, 127.0.0.1:PORT ───────►┘  DIR/clickhouse
//
// The engine is libchdb, ClickHouse built as a library. [Install] fetches it once
// per user with the npm client and checks it against a SHA-512 that is written
// down in this package. Its "clickhouse local" listens on the native protocol,
// with MergeTree on disk and background merges. It lives in a process of its own
// because it wants a process's main thread, its signals and 300 MB of memory, and
// because what kills it must not kill the server. That process is this same
// program run again, which is why every main and every TestMain that may start a
// [Server] calls [RunChildIfAsked] first.
//
// What is promised:
//
//   - The child lives no longer than its parent. It reads a pipe that the parent
//     holds and leaves when that closes; on Linux the kernel kills it with its
//     parent; and it looks for its parent itself.
//   - It is started again when it exits, after a growing pause and on the same
//     DSN. After five exits within two minutes it is left alone for a minute,
//     and [Server.Ready] says why. A child that no longer answers is killed.
//   - Nothing in the data folder is ever deleted here, and a second process on
//     the same folder is refused.
//   - Other users of the host cannot read from it: it listens on 127.0.0.1 alone,
//     and the password is new for each start. The DSN lies in DIR/dsn, readable by
//     the owner only, for "omo clickhouse query". They can disturb it, though:
//     "clickhouse local" ends when a handshake fails (a wrong password, a missing
//     database, a client that gave up), and is then started again. Where hosts are shared, use a DSN.
//
// Linux and macOS, on amd64 and arm64.
package clickhouse
