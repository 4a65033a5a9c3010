package cli

import (
	"bufio"
	"context"
	"io"
)

// maxLine is the longest line that is read, in bytes. What goes beyond is cut
// off, and the backend refuses a message of that length with a hint.
const maxLine = 64 << 10

// readLines returns the lines of r without their ends; the channel is closed at
// the end of r. A line waits in the goroutine until somebody takes it. The
// goroutine ends with r or with ctx, but not while it is blocked in a read: that
// of standard input ends with the process.
func readLines(ctx context.Context, r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		in := bufio.NewReader(r)
		for {
			line, err := readLine(in)
			if err != nil {
				return
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// readLine returns the next line, cut to maxLine bytes.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxLine+2-len(line))]...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && len(line) == 0:
			return "", err
		}
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		return string(line[:min(len(line), maxLine)]), nil
	}
}
