package kernel

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// deviceName is what a host's device is called in its namespace.
const deviceName = "lab0"

// queueLength is how many packets a device holds that were not read yet; more are lost without a word.
const queueLength = 1 << 15

// openTUN makes a TUN device in the namespace that the thread is in. Reads and writes of its descriptor, which does not
// block, are one raw IP packet each, checksums complete: without IFF_VNET_HDR the kernel segments and sums before.
func openTUN() (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	request, err := unix.NewIfreq(deviceName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	return fd, nil
}

// indexOf returns a device's number in the namespace of a socket.
func indexOf(socket int, name string) (int, error) {
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, request)
	}
	if err != nil {
		return 0, os.NewSyscallError("ioctl SIOCGIFINDEX", err)
	}
	return int(request.Uint32()), nil
}

// read and write move one packet. They do not tell Go's scheduler, which would cost more than the calls do: they never
// block.
func read(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

func write(fd int, b []byte) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return errno
}
