package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/kernel"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can do, and how to mend what it cannot",
		Long: "doctor looks at what the two stacks need: the lab's own (virtual time) needs nothing, the kernel's\n" +
			"(stack: linux, real time) needs network namespaces and a TUN device. It changes nothing.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("doctor takes no argument, but got %s", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			t := newTerminal(c.OutOrStdout())
			t.finding(kernel.Finding{What: "stack lab, virtual time", OK: true, Has: "always"})
			for _, f := range kernel.Check() {
				t.finding(f)
			}
			return nil
		},
	}
}

// finding prints one thing that this machine has or lacks.
func (t *terminal) finding(f kernel.Finding) {
	mark := t.look(green, "✓")
	if !f.OK {
		mark = t.look(red, "✗")
	}
	fmt.Fprintf(t.w, "%s %s: %s\n", mark, f.What, f.Has)
	if f.Mend != "" {
		io.WriteString(t.w, "  mend it with: "+f.Mend+"\n")
	}
}
