package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsEscapes tells whether the console behind f takes ECMA-48's control sequences, and asks it to.
func understandsEscapes(f *os.File) bool {
	var mode uint32
	h := windows.Handle(f.Fd())
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
