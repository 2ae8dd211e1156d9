package main

import "syscall"

// childAttributes are of a child in a process group of its own, which a Ctrl-C in
// the terminal does not reach, and which is told to stop when its parent is gone.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
