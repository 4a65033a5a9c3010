// Command gotest runs `go test` and prints what a person wants to know: one line
// for each package, the whole output of what failed, and at the end every test
// that was skipped with its reason, so that nothing is left out silently.
//
//	go run ./packaging/gotest -race ./transfer ./app
//
// All arguments go to `go test`; the exit code is that of `go test`.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: go test:", err)
		os.Exit(1)
	}
	r := newReport(os.Stdout)
	readErr := r.read(out)
	err = cmd.Wait()
	r.finish()
	if readErr != nil {
		fmt.Fprintln(os.Stderr, "error: read go test:", readErr)
		os.Exit(1)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), 1)) // -1: ended by a signal
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: go test:", err)
		os.Exit(1)
	}
}
