package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the shipped scenarios",
		Long:  "list names the scenarios that come with the lab, by chapter, in the order in which to teach them.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("list takes no argument; to see one scenario: lab check %s", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			t := newTerminal(c.OutOrStdout())
			_, err := fmt.Fprint(t.w, catalog(func(title string) string { return t.look(bold, title) }))
			return err
		},
	}
}
