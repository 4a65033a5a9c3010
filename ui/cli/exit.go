package cli

import (
	"errors"
	"fmt"

	"yonder/app"
)

// The exit codes, which scripts rely on.
const (
	exitOK          = 0 // everything done; skipped links alone are no failure
	exitFailed      = 1 // something did not work, or some entries did not arrive
	exitUsage       = 2 // the command line is wrong or not clear, or there is no window
	exitNotFound    = 3 // the peer is not there
	exitDeclined    = 4 // the other side said no
	exitInterrupted = 5 // stopped half-way; nothing is lost and it can go on
)

// codeUsage is the problem code of a wrong command line.
const codeUsage = "usage"

// codeNoWindow is the problem code of a program that cannot open its window.
const codeNoWindow = "no-display"

// exitCode returns the exit code for a problem code.
func exitCode(code string) int {
	switch code {
	case codeUsage, codeNoWindow, app.CodeAmbiguous, app.CodeBadSetting:
		return exitUsage
	case app.CodeNotFound, app.CodeUnreachable, app.CodePrivate:
		return exitNotFound
	case app.CodeDeclined, app.CodeNobody:
		return exitDeclined
	case app.CodeInterrupted, app.CodeStalled:
		return exitInterrupted
	}
	return exitFailed
}

// severity orders exit codes where several people or paths ended differently:
// what needs attention most comes first.
var severity = map[int]int{exitOK: 0, exitDeclined: 1, exitInterrupted: 2, exitNotFound: 3, exitFailed: 4, exitUsage: 5}

// worse returns the more serious of two exit codes.
func worse(a, b int) int {
	if severity[b] > severity[a] {
		return b
	}
	return a
}

// ended is the error of a command whose outcome is already printed: only the
// exit code is left to tell.
type ended int

func (e ended) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usagef returns the problem of a wrong command line with a hint.
func usagef(hint, format string, args ...any) error {
	return &app.Problem{Code: codeUsage, Text: fmt.Sprintf(format, args...), Hint: hint}
}

// report prints what err says, each of several joined errors for itself, and
// returns the exit code.
func (p *program) report(err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[ended](err); ok {
		return int(e)
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		code := exitOK
		for _, one := range several.Unwrap() {
			code = worse(code, p.report(one))
		}
		return code
	}
	problem := app.AsProblem(err)
	if problem.Code == app.CodeInternal && !p.understood {
		problem.Code = codeUsage
	}
	p.printer.print(errorEvent{*problem})
	return exitCode(problem.Code)
}
