package app

import "errors"

// transfer sends a file of Size bytes. Over TCP it goes as fast as the connection takes it, in large writes; over UDP in
// datagrams, Rate bits of them a second, or all at once where Rate is without limit; over a hand-made protocol as fast as its
// window lets it.
func transfer(p Program) (conversation, error) {
	if p.Size <= 0 {
		return nil, errors.New("it needs a size above 0")
	}
	rate := p.Rate
	if p.Protocol != "udp" {
		rate = 0
	}
	return newOneWay(p, p.Size, rate)
}
