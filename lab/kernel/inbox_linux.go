package kernel

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
