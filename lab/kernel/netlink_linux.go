package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The few words of rtnetlink(7) that a host needs: bring a link up, give it an address, send everything along it. Each
// message is a header, a fixed body and attributes, and is answered with an errno.

// A netlink is a socket to the kernel's network settings, of the namespace in which it was made.
type netlink struct {
	fd  int
	seq uint32
}

func openNetlink() (*netlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("socket AF_NETLINK", err)
	}
	return &netlink{fd: fd}, nil
}

func (n *netlink) close() { unix.Close(n.fd) }

// An attribute is one rtattr.
type attribute struct {
	kind  uint16
	value []byte
}

// number is an attribute's value of 32 bits.
func number(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// nest is an attribute's value that is attributes.
func nest(all ...attribute) []byte {
	var b []byte
	for _, a := range all {
		b = binary.NativeEndian.AppendUint16(b, uint16(unix.SizeofRtAttr+len(a.value)))
		b = binary.NativeEndian.AppendUint16(b, a.kind)
		b = append(b, a.value...)
		for len(b)%unix.NLMSG_ALIGNTO != 0 {
			b = append(b, 0)
		}
	}
	return b
}

// exchange sends one message and returns the kernel's first answer: its kind and what is in it.
func (n *netlink) exchange(kind, flags uint16, body []byte, all ...attribute) (uint16, []byte, error) {
	n.seq++
	body = append(body, nest(all...)...)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST)
	b = binary.NativeEndian.AppendUint32(b, n.seq)
	b = binary.NativeEndian.AppendUint32(b, 0) // to the kernel
	b = append(b, body...)
	if err := unix.Sendto(n.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, nil, os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, 4096)
	k, _, err := unix.Recvfrom(n.fd, answer, 0)
	if err != nil {
		return 0, nil, os.NewSyscallError("recvfrom", err)
	}
	if k < unix.SizeofNlMsghdr+4 {
		return 0, nil, fmt.Errorf("an answer of %d bytes", k)
	}
	return binary.NativeEndian.Uint16(answer[4:]), answer[unix.SizeofNlMsghdr:k], nil
}

// request sends one message that the kernel acknowledges, or refuses with an errno.
func (n *netlink) request(kind, flags uint16, body []byte, all ...attribute) error {
	kind, answer, err := n.exchange(kind, flags|unix.NLM_F_ACK, body, all...)
	if err != nil {
		return err
	}
	if kind != unix.NLMSG_ERROR {
		return fmt.Errorf("message %d is no acknowledgement", kind)
	}
	if code := int32(binary.NativeEndian.Uint32(answer)); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

// link changes a device: it comes up, with these attributes.
func (n *netlink) link(index int, all ...attribute) error {
	b := []byte{unix.AF_UNSPEC, 0}
	b = binary.NativeEndian.AppendUint16(b, 0)
	b = binary.NativeEndian.AppendUint32(b, uint32(index))
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP) // flags
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP) // which of them to change
	if err := n.request(unix.RTM_NEWLINK, 0, b, all...); err != nil {
		return fmt.Errorf("bring device %d up: %w", index, err)
	}
	return nil
}

func family(a netip.Addr) byte {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// address gives a device its address, without waiting to see whether somebody else has it.
func (n *netlink) address(index int, a netip.Addr) error {
	b := []byte{family(a), byte(a.BitLen()), unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE}
	if a.Is4() {
		b[2] = 0
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(index))
	err := n.request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, b,
		attribute{unix.IFA_LOCAL, a.AsSlice()}, attribute{unix.IFA_ADDRESS, a.AsSlice()})
	if err != nil {
		return fmt.Errorf("give device %d the address %v: %w", index, a, err)
	}
	return nil
}

// ready waits until packets to an address are taken in: IPv6 sees to that later, behind the caller's back.
func (n *netlink) ready(a netip.Addr) error {
	b := []byte{family(a), byte(a.BitLen()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	for begin := time.Now(); time.Since(begin) < readyWithin; time.Sleep(100 * time.Microsecond) {
		kind, answer, err := n.exchange(unix.RTM_GETROUTE, 0, b, attribute{unix.RTA_DST, a.AsSlice()})
		if err != nil {
			return fmt.Errorf("ask for the route to %v: %w", a, err)
		}
		if kind == unix.RTM_NEWROUTE && len(answer) >= unix.SizeofRtMsg && answer[7] == unix.RTN_LOCAL {
			return nil
		}
	}
	return fmt.Errorf("the address %v was not ready within %v", a, readyWithin)
}

// readyWithin bounds the wait for an address; it takes far less.
const readyWithin = 5 * time.Second

// route sends everything that is not for this host along a device, from that address and with these metrics.
func (n *netlink) route(index int, from netip.Addr, metrics ...attribute) error {
	b := []byte{family(from), 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0}
	if !from.Is4() {
		b[6] = unix.RT_SCOPE_UNIVERSE
	}
	all := []attribute{{unix.RTA_OIF, number(uint32(index))}, {unix.RTA_PREFSRC, from.AsSlice()}}
	if len(metrics) > 0 {
		all = append(all, attribute{unix.RTA_METRICS, nest(metrics...)})
	}
	if err := n.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, b, all...); err != nil {
		return fmt.Errorf("route everything along device %d: %w", index, err)
	}
	return nil
}
