//go:build !linux

package main

import "syscall"

// childAttributes are of a child in a process group of its own. Without a
// parent-death signal it outlives a parent that is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
