//go:build !linux

package main

// pump is a program for the tests of lab shell, which only Linux has.
func pump() {}
