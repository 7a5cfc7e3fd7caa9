package trace

import (
	"strings"
	"time"

	"reliabilitylab/lab/host"
)

// Poll implements host.Host. The call is of no one socket; its words name those that were asked, and behind an arrow those that
// had something to tell: "{1 POLLIN, 2 POLLIN}, 1s → {2 POLLIN}".
func (h *watchedHost) Poll(fds []host.PollFD, timeout time.Duration) (int, error) {
	inner := make([]host.PollFD, len(fds))
	for i, f := range fds {
		if w, ours := f.Socket.(*watchedSocket); ours {
			f.Socket = w.Socket
		}
		inner[i] = f
	}
	asked := eventsText(fds, func(f *host.PollFD) host.Events { return f.Events }) + ", -1"
	if timeout >= 0 {
		asked = strings.TrimSuffix(asked, "-1") + timeout.String()
	}
	b := h.r.begin(h.r.text(h.Name(), "poll", asked, nil), 0, 0)
	n, err := h.Host.Poll(inner, timeout)
	for i := range inner {
		fds[i].Revents = inner[i].Revents
	}
	if err != nil {
		h.r.end(b, h.r.text(h.Name(), "poll", asked, err), -1)
		return n, err
	}
	told := asked
	if n > 0 {
		told += " → " + eventsText(fds, func(f *host.PollFD) host.Events { return f.Revents })
	}
	h.r.end(b, h.r.text(h.Name(), "poll", told, nil), int32(n))
	return n, nil
}

// eventsText names the sockets that have events, by their numbers.
func eventsText(fds []host.PollFD, of func(*host.PollFD) host.Events) string {
	var all []string
	for i := range fds {
		if w, ours := fds[i].Socket.(*watchedSocket); ours && of(&fds[i]) != 0 {
			all = append(all, itoa(int(w.number))+" "+of(&fds[i]).String())
		}
	}
	return "{" + strings.Join(all, ", ") + "}"
}
