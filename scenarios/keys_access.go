package scenarios

import "gopkg.in/yaml.v3"

// flows[].access: a flow's own link, between its client and the path that it may share. Its keys are the path's.

// accessKeys are the path's without the MTU, which is the path's.
var accessKeys = append(bothWays(wayKeys), pathKeys[len(pathKeys)-2:]...)

// takeAccess reads a link. The lengths of its queues in bytes go by the MTU of the path, which is read by then.
func takeAccess(d *decoder, n *yaml.Node, f *Flow) {
	draft := pathDraft{both: defaultWay()}
	draft.both.Queue.MTU = d.mtu
	section(d, n, accessKeys, &draft)
	f.Access = &Access{Forward: draft.both, Reverse: draft.both}
	d.takeWay("forward", draft.forward, &f.Access.Forward)
	d.takeWay("reverse", draft.reverse, &f.Access.Reverse)
}
