package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/tcp"
)

// How the settings of a connection become the kernel's: some are socket options, some sysctls or metrics of the route and
// so hold for a whole namespace, and some it does not have. What it does by default (tcp.Defaults says what that is) is
// left alone, so that it is the kernel's own TCP that is seen.

// Can tells whether the kernel can do what a setting asks for; its error wraps ErrUnable and names all that it cannot, by
// the names that scenarios have for it.
func Can(c tcp.Config) error {
	normal := tcp.Defaults(0)
	var cannot []string
	if c.InitialRTO != normal.InitialRTO {
		cannot = append(cannot, fmt.Sprintf("initial_rto %v: Linux always begins with %v", c.InitialRTO, normal.InitialRTO))
	}
	if c.TimeWait != normal.TimeWait {
		cannot = append(cannot, fmt.Sprintf("a TIME_WAIT of %v: Linux's is %v", c.TimeWait, normal.TimeWait))
	}
	// Its other way, RFC 6675 by net.ipv4.tcp_recovery=0, is gone since Linux 6.17, and the sysctl does nothing.
	if want := map[bool]string{true: "rack", false: "newreno"}[c.SACK]; c.Recovery != want {
		cannot = append(cannot, fmt.Sprintf("recovery %s with sack %v: Linux's is %s then", c.Recovery, c.SACK, want))
	}
	if !c.PRR {
		cannot = append(cannot, "prr false: Linux always reduces its window by PRR")
	}
	if !c.Undo {
		cannot = append(cannot, "undo false: Linux always restores a window that was reduced for nothing")
	}
	for _, d := range []struct {
		key      string
		is, unit time.Duration
	}{{"keepalive_idle", c.KeepIdle, time.Second}, {"keepalive_interval", c.KeepInterval, time.Second}, {"user_timeout", c.UserTimeout, time.Millisecond}} {
		if d.is%d.unit != 0 {
			cannot = append(cannot, fmt.Sprintf("%s %v: Linux counts it in units of %v", d.key, d.is, d.unit))
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	for _, o := range socketOptions(&c) {
		switch err := o.set(fd); {
		case errors.Is(err, unix.EPERM) && slices.Contains(Congestions(), o.text): // outside of the host's namespace, where it may
		case errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPERM) && o.text != "":
			cannot = append(cannot, fmt.Sprintf("%s: it has %s", o.key, list(Congestions())))
		case err != nil:
			cannot = append(cannot, fmt.Sprintf("%s: %v", o.key, err))
		}
	}
	if cannot != nil {
		return fmt.Errorf("%w (its kernel) do %s", ErrUnable, strings.Join(cannot, "; "))
	}
	return nil
}

// CanShare tells whether one host of the kernel can have connections with both settings; its error wraps ErrUnable and names the
// keys of which it has one for all.
func CanShare(a, b tcp.Config) error {
	if keys := ofNamespace(a).differs(ofNamespace(b)); keys != nil {
		return fmt.Errorf("%w (its kernel) have two connections that differ in %s: there is one setting a host", ErrUnable, list(keys))
	}
	return nil
}

// Congestions returns the names of the congestion controls that the kernel has loaded.
func Congestions() []string {
	b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	if err != nil {
		return nil
	}
	return strings.Fields(string(bytes.TrimSpace(b)))
}

// An option is one of a socket's: a number, or a text.
type option struct {
	key    string // as scenarios have it
	level  int    // SOL_SOCKET; 0 is IPPROTO_TCP
	number int
	force  int // the same, beyond the limits that the machine's programs have, for those who may; 0 if there is none
	value  int
	text   string
}

func (o *option) set(fd int) error {
	if o.text != "" {
		return unix.SetsockoptString(fd, unix.IPPROTO_TCP, o.number, o.text)
	}
	if o.force != 0 {
		if err := unix.SetsockoptInt(fd, o.level, o.force, o.value); err != unix.EPERM {
			return err
		}
	}
	if o.level == 0 {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, o.number, o.value)
	}
	return unix.SetsockoptInt(fd, o.level, o.number, o.value)
}

// socketOptions are the settings that each socket has for itself.
func socketOptions(c *tcp.Config) []option {
	normal := tcp.Defaults(0)
	all := []option{
		{key: "congestion " + c.Congestion, number: unix.TCP_CONGESTION, text: c.Congestion},
		{key: "nagle", number: unix.TCP_NODELAY, value: truth(!c.Nagle)},
	}
	if c.MSS != 0 {
		all = append(all, option{key: "mss", number: unix.TCP_MAXSEG, value: c.MSS})
	}
	if c.Pacing { // any limit makes the kernel pace by itself, at the rate it has computed, where that is less
		all = append(all, option{key: "pacing", level: unix.SOL_SOCKET, number: unix.SO_MAX_PACING_RATE, value: math.MaxInt32})
	}
	if !c.Autotuning { // the kernel doubles it, and half of that is its window
		all = append(all, option{key: "receive_buffer", level: unix.SOL_SOCKET, number: unix.SO_RCVBUF, force: unix.SO_RCVBUFFORCE, value: c.ReceiveBuffer})
	}
	if c.MinRTO != normal.MinRTO { // since Linux 6.15
		all = append(all, option{key: "min_rto " + c.MinRTO.String(), number: unix.TCP_RTO_MIN_US, value: int(c.MinRTO / time.Microsecond)})
	}
	if c.MaxRTO != normal.MaxRTO { // since Linux 6.15
		all = append(all, option{key: "max_rto " + c.MaxRTO.String(), number: unix.TCP_RTO_MAX_MS, value: int(c.MaxRTO / time.Millisecond)})
	}
	if c.DelayedACK != normal.DelayedACK && c.DelayedACK != 0 { // since Linux 6.15
		all = append(all, option{key: "delayed_ack " + c.DelayedACK.String(), number: unix.TCP_DELACK_MAX_US, value: int(c.DelayedACK / time.Microsecond)})
	}
	return append(all, patience(c)...)
}

// patience are the options that tell when a connection is given up.
func patience(c *tcp.Config) (all []option) {
	seconds := func(key string, number int, d, normal time.Duration) {
		if d != normal {
			all = append(all, option{key: key + " " + d.String(), number: number, value: int(d / time.Second)})
		}
	}
	normal := tcp.Defaults(0)
	if c.Cork {
		all = append(all, option{key: "cork", number: unix.TCP_CORK, value: 1})
	}
	if c.UserTimeout != 0 {
		all = append(all, option{key: "user_timeout " + c.UserTimeout.String(), number: unix.TCP_USER_TIMEOUT, value: int(c.UserTimeout / time.Millisecond)})
	}
	seconds("keepalive_idle", unix.TCP_KEEPIDLE, c.KeepIdle, normal.KeepIdle)
	seconds("keepalive_interval", unix.TCP_KEEPINTVL, c.KeepInterval, normal.KeepInterval)
	if c.KeepCount != normal.KeepCount {
		all = append(all, option{key: fmt.Sprintf("keepalive_count %d", c.KeepCount), number: unix.TCP_KEEPCNT, value: c.KeepCount})
	}
	if c.KeepAlive {
		all = append(all, option{key: "keepalive", level: unix.SOL_SOCKET, number: unix.SO_KEEPALIVE, value: 1})
	}
	return all
}

// tune gives a new socket its setting. The error is a bare errno, as that of a socket call.
func tune(fd int, c *tcp.Config) error {
	for _, o := range socketOptions(c) {
		if err := o.set(fd); err != nil {
			return err
		}
	}
	return nil
}

// namespaceTCP is what holds for all connections of a host.
type namespaceTCP struct {
	sack, timestamps, windowScaling, quickACK bool
	tlp, frto, dsack, slowStartAfterIdle      bool
	ecn                                       bool
	initialWindow, retries                    int
	synRetries, synLinear                     int
	sendBuffer, receiveBuffer                 int
}

func ofNamespace(c tcp.Config) namespaceTCP {
	if !c.Autotuning { // each socket has its own
		c.ReceiveBuffer = tcp.Defaults(0).ReceiveBuffer
	}
	return namespaceTCP{
		sack: c.SACK, timestamps: c.Timestamps, windowScaling: c.WindowScaling, quickACK: c.DelayedACK == 0,
		ecn: c.ECN, tlp: c.TLP, frto: c.FRTO, dsack: c.DSACK, slowStartAfterIdle: c.SlowStartAfterIdle,
		initialWindow: c.InitialWindow, synRetries: c.SYNRetries, synLinear: c.SYNLinear, retries: c.Retries,
		sendBuffer: c.SendBuffer, receiveBuffer: c.ReceiveBuffer,
	}
}

// differs returns the keys in which two are not the same.
func (n namespaceTCP) differs(m namespaceTCP) (keys []string) {
	for _, d := range []struct {
		key    string
		differ bool
	}{
		{"sack", n.sack != m.sack}, {"timestamps", n.timestamps != m.timestamps}, {"window_scaling", n.windowScaling != m.windowScaling},
		{"tlp", n.tlp != m.tlp}, {"frto", n.frto != m.frto}, {"dsack", n.dsack != m.dsack},
		{"slow_start_after_idle", n.slowStartAfterIdle != m.slowStartAfterIdle},
		{"ecn", n.ecn != m.ecn}, {"delayed_ack", n.quickACK != m.quickACK}, {"initial_window", n.initialWindow != m.initialWindow},
		{"syn_retries", n.synRetries != m.synRetries}, {"syn_linear", n.synLinear != m.synLinear}, {"retries", n.retries != m.retries},
		{"send_buffer", n.sendBuffer != m.sendBuffer}, {"receive_buffer", n.receiveBuffer != m.receiveBuffer},
	} {
		if d.differ {
			keys = append(keys, d.key)
		}
	}
	return keys
}

// Least and first sizes of tcp_rmem and tcp_wmem, as Linux has them.
const (
	leastBuffer        = 4096
	firstReceiveBuffer = 131072
	firstSendBuffer    = 16384
)

// apply sets the namespace that the thread is in. It comes before the device: a new one begins with the defaults.
func (n namespaceTCP) apply(v6 bool) error {
	buffers := func(first, most int) string {
		least := min(leastBuffer, most)
		return fmt.Sprintf("%d %d %d", least, min(first, most), most)
	}
	set := []struct{ name, value string }{
		{"ipv4/tcp_no_metrics_save", "1"}, // one trial must not teach the next
		{"ipv4/tcp_sack", strconv.Itoa(truth(n.sack))},
		{"ipv4/tcp_timestamps", strconv.Itoa(truth(n.timestamps))},
		{"ipv4/tcp_window_scaling", strconv.Itoa(truth(n.windowScaling))},
		{"ipv4/tcp_early_retrans", strconv.Itoa(3 * truth(n.tlp))}, // 3: tail loss probes
		{"ipv4/tcp_frto", strconv.Itoa(2 * truth(n.frto))},         // 2: with SACK
		{"ipv4/tcp_dsack", strconv.Itoa(truth(n.dsack))},
		{"ipv4/tcp_slow_start_after_idle", strconv.Itoa(truth(n.slowStartAfterIdle))},
		{"ipv4/tcp_syn_retries", strconv.Itoa(n.synRetries)},
		{"ipv4/tcp_retries2", strconv.Itoa(n.retries)},
		{"ipv4/tcp_wmem", buffers(firstSendBuffer, n.sendBuffer)},
		{"ipv4/tcp_rmem", buffers(firstReceiveBuffer, n.receiveBuffer)},
		{"ipv4/conf/all/rp_filter", "0"}, // damaged addresses must die of their checksum
		{"ipv4/conf/default/rp_filter", "0"},
	}
	if n.synLinear != tcp.Defaults(0).SYNLinear { // since Linux 6.5
		set = append(set, struct{ name, value string }{"ipv4/tcp_syn_linear_timeouts", strconv.Itoa(n.synLinear)})
	}
	if n.ecn { // by default the kernel grants it and does not ask
		set = append(set, struct{ name, value string }{"ipv4/tcp_ecn", "1"})
	}
	if v6 { // the device keeps quiet: no link-local address, nobody is asked for a router
		set = append(set, []struct{ name, value string }{
			{"ipv6/conf/default/addr_gen_mode", "1"},
			{"ipv6/conf/default/router_solicitations", "0"},
			{"ipv6/conf/default/accept_dad", "0"},
		}...)
	} else if _, err := os.Stat("/proc/sys/net/ipv6"); err == nil {
		set = append(set, struct{ name, value string }{"ipv6/conf/default/disable_ipv6", "1"})
	}
	for _, s := range set {
		if err := sysctl(s.name, s.value); err != nil {
			return err
		}
	}
	return nil
}

// metrics are the settings that belong to the route.
func (n namespaceTCP) metrics() []attribute {
	var all []attribute
	if n.initialWindow != tcp.Defaults(0).InitialWindow {
		all = append(all, attribute{unix.RTAX_INITCWND, number(uint32(n.initialWindow))})
	}
	if n.quickACK {
		all = append(all, attribute{unix.RTAX_QUICKACK, number(1)})
	}
	return all
}

// list joins words with commas and a last "and".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
