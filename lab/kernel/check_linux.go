package kernel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Check looks at what this machine can do for kernel hosts. It changes nothing.
func Check() []Finding {
	return []Finding{checkNamespaces(), checkDevice(), checkCongestions(), checkDiag(), checkPriority()}
}

// checkNamespaces makes a network namespace, on a thread that ends with it.
func checkNamespaces() Finding {
	f := Finding{What: "network namespaces", Need: true}
	result := make(chan error)
	go func() {
		w, err := NewWorld()
		if err == nil {
			var fd int
			if fd, err = w.unshare(); err == nil {
				unix.Close(fd)
			}
			err = errors.Join(err, w.Close())
		}
		result <- err
	}()
	err := <-result
	switch {
	case err == nil && os.Getuid() == 0 && !inUserNamespace():
		f.OK, f.Has = true, "as root"
	case err == nil:
		f.OK, f.Has = true, "in a user namespace"
	case os.Getuid() == 0:
		f.Has = "root may not make them: " + err.Error()
		f.Mend = "run it with the capability CAP_SYS_ADMIN, e.g. in a container with: docker run --privileged"
	default:
		f = checkUserNamespaces(f)
	}
	return f
}

// checkUserNamespaces tells whether Enter can help.
func checkUserNamespaces(f Finding) Finding {
	if err := probe(); err != nil {
		f.Has = "not root, and no user namespaces: " + err.Error()
		f.Mend = "sudo sysctl -w user.max_user_namespaces=10000"
		for _, s := range []struct{ name, value string }{ // Debian's switch, and Ubuntu's
			{"kernel/unprivileged_userns_clone", "1"}, {"kernel/apparmor_restrict_unprivileged_userns", "0"},
		} {
			if b, err := os.ReadFile("/proc/sys/" + s.name); err == nil && strings.TrimSpace(string(b)) != s.value {
				f.Mend = fmt.Sprintf("sudo sysctl -w %s=%s", strings.ReplaceAll(s.name, "/", "."), s.value)
			}
		}
		return f
	}
	f.OK, f.Has = true, "not root, but user namespaces"
	return f
}

func checkDevice() Finding {
	f := Finding{What: "/dev/net/tun", Need: true}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		unix.Close(fd)
		f.OK, f.Has = true, "can be opened"
	case errors.Is(err, unix.ENOENT):
		f.Has, f.Mend = "is not there", "sudo modprobe tun (in a container: docker run --device /dev/net/tun)"
	case errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO):
		f.Has, f.Mend = "is there, its driver is not", "sudo modprobe tun"
	default:
		f.Has, f.Mend = "cannot be opened: "+err.Error(), "sudo chmod a+rw /dev/net/tun"
	}
	return f
}

// checkDiag sees whether the kernel can be asked for its sockets (diag_linux.go).
func checkDiag() Finding {
	f := Finding{What: "states of sockets"}
	d, err := openDiag()
	var datagrams error
	if err == nil {
		defer d.close()
		err, datagrams = d.knows(unix.IPPROTO_TCP), d.knows(unix.IPPROTO_UDP)
	}
	switch {
	case errors.Is(err, unix.ENOENT):
		f.Has, f.Mend = "the kernel cannot be asked: no tcp.csv, no reasons of retransmissions", "sudo modprobe tcp_diag"
	case err != nil:
		f.Has, f.Mend = "the kernel cannot be asked: "+err.Error(), "use a kernel with CONFIG_INET_DIAG"
	case !countsTimeouts():
		f.Has, f.Mend = "the kernel can be asked, but does not count timeouts: no reasons of retransmissions", "use Linux 6.7 or later"
	case datagrams != nil:
		f.Has, f.Mend = "the kernel can be asked for TCP only: datagrams that it throws away are not told", "sudo modprobe udp_diag"
	default:
		f.OK, f.Has = true, "the kernel can be asked"
	}
	return f
}

func checkCongestions() Finding {
	has := Congestions()
	f := Finding{What: "congestion controls", OK: true, Has: list(has)}
	for _, want := range []string{"reno", "cubic", "bbr"} {
		if !strings.Contains(" "+strings.Join(has, " ")+" ", " "+want+" ") {
			f.OK = false
			f.Mend = "sudo modprobe tcp_" + want
		}
	}
	return f
}

// checkPriority tries what a world's thread does, on a thread that ends with it.
func checkPriority() Finding {
	f := Finding{What: "priority"}
	result := make(chan bool)
	go func() {
		runtime.LockOSThread()
		first := urgent[0] // SchedSetAttr writes into it
		result <- unix.SchedSetAttr(0, &first, 0) == nil
	}()
	if f.OK = <-result; f.OK {
		f.Has = "runs before other programs (SCHED_RR)"
	} else {
		f.Has = "may not run before other programs (SCHED_RR): on a busy machine packets will be late"
		f.Mend = "sudo prlimit --rtprio=1 --pid $$"
	}
	return f
}
