package trace

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// blockedCalls holds the calls that have not returned yet, each in a slot that the next call takes over.
type blockedCalls struct {
	slots []blockedCall
	free  []int32
	begun uint64
}

type blockedCall struct {
	order uint64 // which call it was, from 1; 0 for a free slot
	call  Call
}

// call returns the call in a slot.
func (b *blockedCalls) call(slot int32) *Call { return &b.slots[slot].call }

func (b *blockedCalls) add(c Call) int32 {
	b.begun++
	if k := len(b.free); k > 0 {
		slot := b.free[k-1]
		b.free = b.free[:k-1]
		b.slots[slot] = blockedCall{b.begun, c}
		return slot
	}
	b.slots = append(b.slots, blockedCall{b.begun, c})
	return int32(len(b.slots) - 1)
}

func (b *blockedCalls) remove(slot int32) {
	b.slots[slot].order = 0
	b.free = append(b.free, slot)
}

// each calls f for the calls that have not returned, in the order in which they were called.
func (b *blockedCalls) each(f func(Call)) {
	slices.SortFunc(b.slots, func(x, y blockedCall) int { return cmp.Compare(x.order, y.order) })
	for _, s := range b.slots {
		if s.order != 0 {
			f(s.call)
		}
	}
}

// begin notes a call that begins now and returns its slot.
func (r *Recorder) begin(text *CallText, socket int32, size int) int32 {
	return r.blocked.add(Call{CallText: text, Socket: socket, Size: int32(size), Begin: r.clock.Now(), Return: Never})
}

// end records that a call returns now. text is what is said of it now that its result is known; nil: as before.
func (r *Recorder) end(slot int32, text *CallText, result int32) {
	row := r.calls.grow()
	*row = *r.blocked.call(slot)
	r.blocked.remove(slot)
	if text != nil {
		row.CallText = text
	}
	row.Result, row.Return = result, r.clock.Now()
}

// text returns the one CallText that says this.
func (r *Recorder) text(hostName, name, args string, err error) *CallText {
	t := CallText{hostName, name, args, host.ErrnoName(err)}
	shared := r.texts[t]
	if shared == nil {
		shared = &t
		r.texts[t] = shared
	}
	return shared
}

func addressText(a netip.AddrPort) string {
	if !a.Addr().IsValid() {
		return "*:" + itoa(int(a.Port()))
	}
	return a.String()
}

// socketText is the arguments of socket, as in C.
func socketText(f host.Family, k host.Kind, p netem.Protocol) string {
	args := "AF_INET, "
	if f == host.IPv6 {
		args = "AF_INET6, "
	}
	if k == host.Stream {
		args += "SOCK_STREAM, "
	} else {
		args += "SOCK_DGRAM, "
	}
	switch p {
	case netem.TCP:
		return args + "IPPROTO_TCP"
	case netem.UDP:
		return args + "IPPROTO_UDP"
	}
	return args + itoa(int(p))
}

// optionText is how a call of setsockopt shows its option: C's name and the value.
func optionText(o host.Option) string {
	switch v := o.(type) {
	case host.NoDelay:
		return "TCP_NODELAY, " + strconv.FormatBool(bool(v))
	case host.Congestion:
		return "TCP_CONGESTION, " + string(v)
	case host.ReceiveBuffer:
		return "SO_RCVBUF, " + itoa(int(v))
	case host.SendBuffer:
		return "SO_SNDBUF, " + itoa(int(v))
	case host.ReceiveTimeout:
		return "SO_RCVTIMEO, " + time.Duration(v).String()
	case host.SendTimeout:
		return "SO_SNDTIMEO, " + time.Duration(v).String()
	case host.Linger:
		return "SO_LINGER, {" + strconv.FormatBool(v.On) + ", " + v.Time.String() + "}"
	case host.ReuseAddress:
		return "SO_REUSEADDR, " + strconv.FormatBool(bool(v))
	case host.KeepAlive:
		return "SO_KEEPALIVE, " + strconv.FormatBool(bool(v))
	case host.KeepIdle:
		return "TCP_KEEPIDLE, " + time.Duration(v).String()
	case host.KeepInterval:
		return "TCP_KEEPINTVL, " + time.Duration(v).String()
	case host.KeepCount:
		return "TCP_KEEPCNT, " + itoa(int(v))
	case host.UserTimeout:
		return "TCP_USER_TIMEOUT, " + time.Duration(v).String()
	case host.Cork:
		return "TCP_CORK, " + strconv.FormatBool(bool(v))
	case host.QuickACK:
		return "TCP_QUICKACK, " + strconv.FormatBool(bool(v))
	}
	return fmt.Sprintf("%T, %v", o, o)
}

func itoa(n int) string { return strconv.Itoa(n) }
