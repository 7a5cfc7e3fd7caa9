package kernel

import (
	"errors"
	"net/netip"
	"os"
)

// A Program is any program of this machine, to be run on a host (Host.Start). It sees the machine's files, but the host's
// network, and of the machine's processes those alone that it starts. It ends with this process, whatever ends that, and
// so does everything that it has started.
type Program struct {
	Args                  []string // Args[0] is looked for in PATH
	Stdin, Stdout, Stderr *os.File // nil is /dev/null
	Names                 []Name   // how it finds the hosts, whatever else the machine's names are

	// Terminal gives it the terminal, where this process has it and its input and output are that: what is typed, Ctrl-C too,
	// is the program's alone until it ends. Stopped by Ctrl-Z, it stops this process with it.
	Terminal bool

	// Daemons makes it last as long as anything that it has started. Without it all that is killed when the program ends.
	Daemons bool
}

// A Name is a host's.
type Name struct {
	Name string
	Addr netip.Addr
}

// ErrNoProgram is wrapped by Start's error where there is no such program, ErrNotProgram where there is, and it cannot be run.
var (
	ErrNoProgram  = errors.New("there is no such program")
	ErrNotProgram = errors.New("it cannot be run")
)
