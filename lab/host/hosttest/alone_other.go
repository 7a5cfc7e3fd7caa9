//go:build !linux

package hosttest

import "testing"

// Alone does nothing: there is no real time here.
func Alone(testing.TB) {}
