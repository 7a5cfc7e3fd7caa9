package hosttest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"reliabilitylab/lab/host"
)

// A history is all calls of one case, in the order in which they began. Programs may be goroutines that run at once.
type history struct {
	mu       sync.Mutex
	calls    []call
	programs int
	live     int
	sockets  int
}

type call struct {
	begin, end time.Duration
	who        string
	name, args string
	size       int    // the bytes that it was given, or had room for
	result     string // "" while it blocks
}

// program counts one more program and returns its number, from 1; socket does so for sockets.
func (h *history) program() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live++
	h.programs++
	return h.programs
}

func (h *history) socket() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets++
	return h.sockets
}

// ended counts one program less that runs.
func (h *history) ended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live--
}

func (h *history) running() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.live
}

// begin notes a call and returns the function that notes its result.
func (h *history) begin(p *program, socket int, name string, size int, args string) func(result int, err error) {
	end := h.note(p, socket, name, size, args)
	return func(result int, err error) {
		if err != nil {
			end(host.ErrnoName(err))
		} else {
			end(fmt.Sprint(result))
		}
	}
}

// note is begin for a call whose result is no number.
func (h *history) note(p *program, socket int, name string, size int, args string) func(result string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := len(h.calls)
	h.calls = append(h.calls, call{begin: p.Now(), who: fmt.Sprintf("%s/%d socket %d", p.Name(), p.number, socket), name: name, args: args, size: size})
	return func(result string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		c := &h.calls[i]
		c.end, c.result = p.Now(), result
	}
}

// String writes the call without its result.
func (c *call) String() string {
	s := c.name
	if c.size > 0 {
		s += fmt.Sprintf(" %d bytes", c.size)
	}
	return strings.TrimSpace(s + " " + c.args)
}

// String prints the calls, one a line; the last 200 if there are more.
func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b strings.Builder
	from := max(0, len(h.calls)-200)
	if from > 0 {
		fmt.Fprintf(&b, "… %d calls before\n", from)
	}
	for i := range h.calls[from:] {
		c := &h.calls[from+i]
		fmt.Fprintf(&b, "%10.3f ms  %-22s %s", float64(c.begin)/1e6, c.who, c.String())
		if c.result == "" {
			b.WriteString(" … blocked\n")
			continue
		}
		fmt.Fprintf(&b, " = %s", c.result)
		if c.end != c.begin {
			fmt.Fprintf(&b, "  at %.3f ms", float64(c.end)/1e6)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
