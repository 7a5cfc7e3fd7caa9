package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
)

func checkCommand() *cobra.Command {
	o := &overrides{}
	c := &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Say what a scenario would run, or what is wrong with it",
		Long: "check reads scenarios (files, or shipped ones by name) and says in words what run would do: the path, what it comes to in\n" +
			"numbers (loss, bandwidth-delay product, how long a full queue is), and what about it surprises people. It runs nothing.",
		Example: "  lab check two-percent\n  lab check my.yaml --set path.forward.loss=5%",
		Args:    named,
		RunE: func(c *cobra.Command, args []string) error {
			var last error // of several, the others are told of as they come
			shown := false
			for _, name := range args {
				s, err := o.load(name)
				if err == nil {
					if shown {
						fmt.Fprintln(c.OutOrStdout())
					}
					shown = true
					fmt.Fprint(c.OutOrStdout(), s.Describe())
					err = experiment.Can(s)
				}
				if err == nil {
					continue
				}
				if last != nil {
					fmt.Fprintln(c.ErrOrStderr(), complaint(last))
				}
				last = err
			}
			return last
		},
	}
	o.flags(c)
	return c
}
