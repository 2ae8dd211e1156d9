//go:build !linux

package clickhouse

import "syscall"

// Without a parent-death signal the closing pipe and the child's own watch on its
// parent have to do.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
