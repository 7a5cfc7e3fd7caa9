package scenarios

import (
	"time"
)

// flows.arq: how the protocols behave that build reliability by hand over UDP.

// maxARQWindow is what the programs look through whenever something comes (lab/app's MaxWindow).
const maxARQWindow = 4096

func defaultARQ() ARQ { return ARQ{Window: 16} }

var arqKeys = []key[ARQ]{
	{name: "window", take: value(whole("a number of messages", 1, maxARQWindow), func(a *ARQ) *int { return &a.Window })},
	{name: "timeout", take: value(arqTimeout, func(a *ARQ) *time.Duration { return &a.Timeout })},
}

// computedTimeout is the timeout that is computed.
const computedTimeout = "rfc6298"

var arqTimeout = kind[time.Duration]{"rfc6298 (computed), or a duration, such as 200ms", func(t string) (time.Duration, error) {
	if t == computedTimeout {
		return 0, nil
	}
	return span(time.Millisecond, maxRTO).read(t)
}}
