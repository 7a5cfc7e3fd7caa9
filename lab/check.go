package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	o := &overrides{}
	c := &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Say what a scenario would run, or what is wrong with it",
		Args:  named,
		RunE: func(c *cobra.Command, args []string) error {
			var first error
			for i, name := range args {
				s, err := o.load(name)
				if err != nil {
					if first != nil {
						fmt.Fprintln(c.ErrOrStderr(), complaint(first))
					}
					first = err
					continue
				}
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				fmt.Fprint(c.OutOrStdout(), s.Describe())
			}
			return first
		},
	}
	o.flags(c)
	return c
}

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the shipped scenarios",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("list takes no argument; to see one scenario: lab check %s", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), catalog(""))
			return err
		},
	}
}
