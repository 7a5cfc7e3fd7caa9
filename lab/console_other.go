//go:build !windows

package main

import "os"

// understandsEscapes tells whether the terminal behind f takes ECMA-48's control sequences: all do, but Windows' old one.
func understandsEscapes(*os.File) bool { return true }
