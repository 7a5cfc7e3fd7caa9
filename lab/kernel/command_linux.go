package kernel

import "os/exec"

// Command runs any command in the host's namespace and waits for it to end, as exec.Cmd.Run does. It is called by a
// program of the host. When the world is closed before, the command is killed.
func (h *Host) Command(cmd *exec.Cmd) error {
	w := h.w
	me := w.Current()
	if err := w.move(h.namespace); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil { // a new process is in the namespace of the thread that makes it
		return err
	}
	var result error
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Kill() // or it has just ended by itself
		}
	}()
	go func() {
		err := cmd.Wait()
		w.post(func() {
			result, ended = err, true
			w.Wake(me)
		})
	}()
	for !ended {
		w.Park()
	}
	return result
}

// post has f called in the world. Unlike everything else here it may be called from any goroutine.
func (w *World) post(f func()) {
	w.outside.Lock()
	w.posted = append(w.posted, f)
	w.outside.Unlock()
	w.ring()
}

// An inbox is the source behind the bell.
type inbox struct{ w *World }

// wake implements source: it calls what was posted.
func (i inbox) wake(uint32) {
	i.w.outside.Lock()
	all := i.w.posted
	i.w.posted = nil
	i.w.outside.Unlock()
	for _, f := range all {
		f()
	}
}
