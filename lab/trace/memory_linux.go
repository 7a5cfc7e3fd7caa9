package trace

import (
	"syscall"
	"unsafe"
)

// largePages asks the system to back the room of rows, none of which has been written yet, with large pages: a million rows
// touch a hundred megabytes, and 4 KiB at a time the page faults cost more than all the recording. It is a wish: where it
// is refused everything works as before. Little room is left alone.
func largePages[T any](rows []T) {
	const page = 2 << 20
	start := unsafe.Pointer(unsafe.SliceData(rows[:cap(rows)]))
	size := cap(rows) * int(unsafe.Sizeof(*new(T)))
	skip := int(-uintptr(start) % page)
	if size < skip+4*page {
		return
	}
	whole := (size - skip) / page * page
	_ = syscall.Madvise(unsafe.Slice((*byte)(start), size)[skip:skip+whole], syscall.MADV_HUGEPAGE)
}
