package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/tc"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

func tcCommand() *cobra.Command {
	o := &overrides{}
	dev := "eth0"
	c := &cobra.Command{
		Use:   "tc [LINE | SCENARIO]",
		Short: "Translate between Linux's tc and a scenario's path",
		Long: "tc turns a line of Linux's traffic control (tc qdisc … netem …, or tbf) into a scenario's path, and a scenario's\n" +
			"path into the tc lines that come nearest; both say what is lost in translation. Without an argument, or with -,\n" +
			"it reads lines from standard input. It runs nothing.",
		Example: "  lab tc 'tc qdisc add dev eth0 root netem delay 25ms 5ms loss 1%'\n  lab tc two-percent\n  tc qdisc show dev eth0 | lab tc",
		RunE: func(c *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			switch {
			case text == "" || text == "-":
				read, err := io.ReadAll(io.LimitReader(c.InOrStdin(), tc.MaxText+1))
				if err != nil {
					return fmt.Errorf("read standard input: %w", err)
				}
				text = string(read)
			case len(args) == 1 && !strings.ContainsAny(text, " \t\n"):
				return o.lines(c.OutOrStdout(), text, dev)
			}
			p, err := tc.Parse(text)
			var wrong *tc.Error
			switch {
			case errors.As(err, &wrong):
				return err
			case err != nil:
				return usagef("%w", err)
			}
			_, err = io.WriteString(c.OutOrStdout(), p.YAML())
			return err
		},
	}
	o.flags(c)
	c.Flags().StringVar(&dev, "dev", dev, "the interface in tc lines")
	return c
}

// lines writes the tc lines of a scenario's path, each way, as comments and commands for a shell.
func (o *overrides) lines(out io.Writer, name, dev string) error {
	s, err := o.load(name)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		d    netem.Direction
		host string
	}{{netem.Forward, "client"}, {netem.Reverse, "server"}} {
		l := tc.Of(s, way.d, dev)
		fmt.Fprintf(out, "# %s: on the %s, where its packets leave (better on a router between them: "+
			"the sender's own TCP is told of what its qdisc drops)\n", way.d, way.host)
		if len(l.Text) == 0 {
			fmt.Fprintln(out, "# nothing to do")
		}
		for _, n := range l.Notes {
			fmt.Fprintln(out, "# "+n)
		}
		for _, line := range l.Text {
			fmt.Fprintln(out, line)
		}
	}
	return mtu(out, s, dev)
}

// mtu writes how the path's MTU is set, where it is not Ethernet's.
func mtu(out io.Writer, s *scenarios.Scenario, dev string) error {
	if s.Path.MTU == 1500 {
		return nil
	}
	_, err := fmt.Fprintf(out, "# both hosts\nip link set dev %s mtu %d\n", dev, s.Path.MTU)
	return err
}
