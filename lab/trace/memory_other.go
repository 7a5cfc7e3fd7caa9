//go:build !linux

package trace

// largePages does nothing where the system decides by itself.
func largePages[T any]([]T) {}
