//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
)

// self returns a command that runs this program as a helper; see [child].
func (b *bench) self(args ...string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return b.command(program, append([]string{childMode}, args...)...), nil
}

// receiver returns a helper that takes one connection on l's receiving side, and the
// address to connect to. The socket listens already.
func (b *bench) receiver(l *link, p *pipeline, args ...string) (cmd *exec.Cmd, addr string, err error) {
	if cmd, err = b.self(args...); err != nil {
		return nil, "", err
	}
	file, at, err := l.to.listen()
	if err != nil {
		return nil, "", err
	}
	cmd.ExtraFiles = []*os.File{file}
	p.inherited = append(p.inherited, file)
	return cmd, at.String(), nil
}

// plainCopy is the least that a file transfer can do: one process reads the file and
// writes it to a connection, another reads that and writes a file, 256 KiB at a time. No
// sendfile or splice, no encryption, no check; source has to be a file.
func plainCopy() method {
	return method{"plain TCP copy", func(b *bench, j job) (sample, error) {
		var p pipeline
		get, addr, err := b.receiver(j.link, &p, "get", filepath.Join(j.dest, filepath.Base(j.source)))
		if err != nil {
			return sample{}, err
		}
		put, err := b.self("put", j.source, addr)
		if err != nil {
			return sample{}, err
		}
		p.receivers, p.senders = []*exec.Cmd{get}, []*exec.Cmd{put}
		return p.run(j.link)
	}}
}

// tarCopy is tar on both sides, with the loops of [plainCopy] between them and the connection.
func tarCopy() method {
	return method{"tar over TCP", func(b *bench, j job) (sample, error) {
		var p pipeline
		get, addr, err := b.receiver(j.link, &p, "get", "-")
		if err != nil {
			return sample{}, err
		}
		put, err := b.self("put", "-", addr)
		if err != nil {
			return sample{}, err
		}
		pack := b.command("tar", "-c", "-C", filepath.Dir(j.source), filepath.Base(j.source))
		unpack := b.command("tar", "-x", "-C", j.dest)
		for _, pipe := range [][2]*exec.Cmd{{pack, put}, {get, unpack}} {
			r, w, err := os.Pipe()
			if err != nil {
				return sample{}, err
			}
			pipe[0].Stdout, pipe[1].Stdin = w, r
			p.inherited = append(p.inherited, r, w)
		}
		p.receivers, p.senders = []*exec.Cmd{get, unpack}, []*exec.Cmd{pack, put}
		return p.run(j.link)
	}}
}
