package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reliabilitylab/scenarios"
)

// What is said to somebody who wrote a word that the command does not know: the word, and what was meant.

// noCommand is what the root command does, since it can do nothing itself: it says what there is.
func noCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("which command?\n%s", commandList(root))
	}
	word := args[0]
	if strings.HasPrefix(word, "-") {
		return usagef("%s where a command should stand; there are\n%s", word, commandList(root))
	}
	if _, ok := scenarios.Shipped(word); ok || strings.HasSuffix(word, ".yaml") {
		return usagef("%s is a scenario: lab run %s", word, word)
	}
	if near, ok := scenarios.Nearest(word, commandNames(root)); ok {
		return usagef("unknown command %s; did you mean %s?", word, near)
	}
	return usagef("unknown command %s; there are\n%s", word, commandList(root))
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

func commandList(root *cobra.Command) string {
	var b strings.Builder
	for _, c := range root.Commands() {
		if !c.Hidden {
			fmt.Fprintf(&b, "  %-8s%s\n", c.Name(), c.Short)
		}
	}
	return b.String() + "see: lab --help"
}

// flagError says what is wrong with a flag.
func flagError(c *cobra.Command, err error) error {
	see := "see: " + c.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near, ok := scenarios.Nearest(unknown.GetSpecifiedName(), names); ok {
			return usagef("unknown flag --%s; did you mean --%s?\n%s", unknown.GetSpecifiedName(), near, see)
		}
		return usagef("unknown flag --%s\n%s", unknown.GetSpecifiedName(), see)
	case errors.As(err, &invalid):
		return usagef("--%s %q: %w\n%s", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap(), see)
	}
	return usagef("%w\n%s", err, see)
}

// helpCommand is lab help COMMAND, which is lab COMMAND --help.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say how to use a command",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Root().Help()
			}
			of, _, err := c.Root().Find(args)
			if err != nil || of == c.Root() {
				return noCommand(c.Root(), args)
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}
