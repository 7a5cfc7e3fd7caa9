// Package app holds the programs of the lab, written once against lab/host: the same code over TCP and UDP, on the
// lab's stack and on the kernel's.
package app

// A Journal is told what programs send and get; lab/trace keeps it. Messages are numbered from 1 in the order of sending.
type Journal interface {
	// Sent: message n, its first byte at that offset in the stream of all messages, was handed over for sending now.
	Sent(n uint64, offset int64, size int)
	// Delivered: the receiving program has all of message n now; intact says that its bytes are those that were sent.
	Delivered(n uint64, intact bool)
	// Garbled: the receiving program got something in which it could not even tell the message.
	Garbled(size int)
}
