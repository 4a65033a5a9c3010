//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// childMode is the first argument of this program as a helper of itself.
const childMode = "bench-child"

// piece is how much the plain copy reads and writes at once.
const piece = 256 << 10

// child does what a helper is started for, if args are those of one:
//
//	put FILE ADDR          sends FILE, or standard input for "-", and waits until the other side hangs up
//	put-progress FILE ADDR tells meanwhile how far it is, as Yonder does with --json
//	get FILE               writes what comes to FILE, or to standard output for "-"
//	serve PROGRAM ARG...   becomes PROGRAM, which talks to whoever connects on its standard input and output
//
// get and serve accept one connection from the listening socket that is file descriptor 3.
func child(args []string) (exitCode int, is bool) {
	if len(args) < 3 || args[0] != childMode {
		return 0, false
	}
	var err error
	switch verb, rest := args[1], args[2:]; verb {
	case "put":
		err = put(rest[0], rest[1], nil)
	case "put-progress":
		err = put(rest[0], rest[1], os.Stdout)
	case "get":
		err = get(rest[0])
	case "serve":
		err = serve(rest)
	default:
		err = fmt.Errorf("%s is unknown", verb)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

// pump copies by read and write alone: io.Copy would have the kernel move the bytes.
func pump(to io.Writer, from io.Reader, moved func(int)) error {
	buf := make([]byte, piece)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
			moved(n)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func put(name, addr string, progress io.Writer) error {
	from := os.Stdin
	if name != "-" {
		var err error
		if from, err = os.Open(name); err != nil {
			return err
		}
		defer from.Close()
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	var told time.Time
	at := event{Event: "progress"}
	tell := func() {
		if progress != nil {
			told = time.Now()
			_ = json.NewEncoder(progress).Encode(at) // whoever measures notices that lines are missing
		}
	}
	if err := pump(conn, from, func(n int) {
		at.Stored += int64(n)
		if time.Since(told) >= 200*time.Millisecond {
			tell()
		}
	}); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	if _, err = conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the receiver did not hang up: %w", err)
	}
	tell()
	return nil
}

func get(name string) error {
	conn, err := accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	to := os.Stdout
	if name != "-" {
		if to, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err != nil {
			return err
		}
	}
	if err := pump(to, conn, func(int) {}); err != nil {
		return err
	}
	return to.Close()
}

// accept returns the one connection that the listening socket gets.
func accept() (*net.TCPConn, error) {
	file := os.NewFile(3, "listener")
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	file.Close()
	conn, err := l.Accept()
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func serve(program []string) error {
	path, err := exec.LookPath(program[0])
	if err != nil {
		return err
	}
	conn, err := accept()
	if err != nil {
		return err
	}
	file, err := conn.File()
	if err != nil {
		return err
	}
	fd := int(file.Fd())
	if err := unix.SetNonblock(fd, false); err != nil {
		return err
	}
	for _, std := range []int{0, 1} {
		if err := unix.Dup3(fd, std, 0); err != nil {
			return err
		}
	}
	return unix.Exec(path, program, os.Environ())
}
