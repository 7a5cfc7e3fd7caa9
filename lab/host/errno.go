package host

import (
	"errors"
	"syscall"
)

// The errors that socket calls return, by their portable names. The numbers differ between systems, the names do not.
var errnoNames = []struct {
	errno syscall.Errno
	name  string
}{
	{syscall.EACCES, "EACCES"},
	{syscall.EADDRINUSE, "EADDRINUSE"},
	{syscall.EADDRNOTAVAIL, "EADDRNOTAVAIL"},
	{syscall.EAFNOSUPPORT, "EAFNOSUPPORT"},
	{syscall.EAGAIN, "EAGAIN"},
	{syscall.EALREADY, "EALREADY"},
	{syscall.EBADF, "EBADF"},
	{syscall.ECONNABORTED, "ECONNABORTED"},
	{syscall.ECONNREFUSED, "ECONNREFUSED"},
	{syscall.ECONNRESET, "ECONNRESET"},
	{syscall.EDESTADDRREQ, "EDESTADDRREQ"},
	{syscall.EHOSTUNREACH, "EHOSTUNREACH"},
	{syscall.EINPROGRESS, "EINPROGRESS"},
	{syscall.EINVAL, "EINVAL"},
	{syscall.EISCONN, "EISCONN"},
	{syscall.EMSGSIZE, "EMSGSIZE"},
	{syscall.ENETUNREACH, "ENETUNREACH"},
	{syscall.ENOBUFS, "ENOBUFS"},
	{syscall.ENOENT, "ENOENT"},
	{syscall.ENOPROTOOPT, "ENOPROTOOPT"},
	{syscall.ENOTCONN, "ENOTCONN"},
	{syscall.EOPNOTSUPP, "EOPNOTSUPP"},
	{syscall.EPIPE, "EPIPE"},
	{syscall.EPROTONOSUPPORT, "EPROTONOSUPPORT"},
	{syscall.ETIMEDOUT, "ETIMEDOUT"},
}

// ErrnoName returns the name of an error as C's errno.h has it ("ECONNREFUSED"), "" for nil, and the error's text for
// any other error.
func ErrnoName(err error) string {
	if err == nil {
		return ""
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		for _, n := range errnoNames {
			if n.errno == e {
				return n.name
			}
		}
	}
	return err.Error()
}
