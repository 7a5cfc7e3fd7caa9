package main

import (
	"context"
	"errors"
	"fmt"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/lab/tc"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// The exit statuses.
const (
	statusOK          = 0
	statusExpect      = 1
	statusUsage       = 2
	statusCannot      = 3
	statusInterrupted = 130
)

// errExpect says that an expectation failed; the report has said which.
var errExpect = errors.New("an expectation failed")

// alreadyTold is an exit status, where all that there is to say has been said, here or by another process.
type alreadyTold int

func (d alreadyTold) Error() string { return fmt.Sprintf("exit status %d", int(d)) }

// errInterrupted says that a run was stopped from outside.
var errInterrupted = errors.New("interrupted; nothing half-written is left")

// statusError is an error with an exit status of its own.
type statusError struct {
	error
	status int
}

func (e statusError) Unwrap() error { return e.error }

// usageError is an error in what the user wrote on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef returns a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// machineError is an error of this machine: a folder that cannot be written, a full disk.
type machineError struct{ error }

func (e machineError) Unwrap() error { return e.error }

// blame marks an error of running, writing or reading with whose it is: what a scenario says and which folder to use is the
// user's; all else that can fail while the lab works is the machine's.
func blame(err error) error {
	var scenario scenarios.Errors
	switch {
	case err == nil:
		return nil
	case errors.Is(err, reports.ErrOccupied), errors.Is(err, reports.ErrNoResults), errors.Is(err, reports.ErrDamaged),
		errors.Is(err, reports.ErrApart), errors.As(err, &scenario):
		return usageError{err}
	}
	return machineError{err}
}

// statusOf returns the exit status of an error. What is neither a failed expectation nor this machine's fault is in the
// command line or in a scenario.
func statusOf(ctx context.Context, err error) int {
	var machine machineError
	var done alreadyTold
	var own statusError
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &done):
		return int(done)
	case ctx.Err() != nil:
		return statusInterrupted
	case errors.Is(err, errExpect):
		return statusExpect
	case errors.Is(err, experiment.ErrCannot), errors.As(err, &machine):
		return statusCannot
	}
	return statusUsage
}

// complaint is what is said of an error: those of scenarios and of tc lines speak for themselves, since they begin with a place.
func complaint(err error) string {
	var list scenarios.Errors
	var line *tc.Error
	if errors.As(err, &list) && err.Error() == list.Error() || errors.As(err, &line) && err == error(line) {
		return err.Error()
	}
	return "lab: " + err.Error()
}
