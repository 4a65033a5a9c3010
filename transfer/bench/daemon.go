//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
)

// rsyncCopy is the rsync command and an rsync daemon, whose protocol has neither
// encryption nor compression here. The daemon is started when the connection comes, as
// inetd does it, so that all of its processor time is known when it has ended.
func rsyncCopy(options ...string) method {
	name := strings.Join(append([]string{"rsync daemon,"}, options...), " ")
	return method{name, func(b *bench, j job) (sample, error) {
		config := filepath.Join(j.work, "rsyncd.conf")
		text := "use chroot = no\nreverse lookup = no\n" +
			"log file = " + filepath.Join(j.work, "rsyncd.log") + "\n[in]\npath = " + j.dest + "\nread only = no\n"
		if os.Geteuid() == 0 {
			text += "uid = root\ngid = root\n" // else it becomes nobody, who cannot write there
		}
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return sample{}, err
		}
		if _, err := exec.LookPath("rsync"); err != nil {
			return sample{}, unavailable("rsync is not installed")
		}
		var p pipeline
		daemon, addr, err := b.receiver(j.link, &p, "serve", "rsync", "--daemon", "--config="+config)
		if err != nil {
			return sample{}, err
		}
		client := b.command("rsync", append(options, j.source, "rsync://"+addr+"/in/")...)
		p.receivers, p.senders = []*exec.Cmd{daemon}, []*exec.Cmd{client}
		return p.run(j.link)
	}}
}

// scpCopy is scp and an SSH server with keys made for the occasion, started when the
// connection comes. It is what comes closest to Yonder, for it encrypts.
func scpCopy() method {
	return method{"scp", func(b *bench, j job) (sample, error) {
		server, err := sshServer()
		if err != nil {
			return sample{}, err
		}
		me, err := user.Current()
		if err != nil {
			return sample{}, err
		}
		hostKey, userKey := filepath.Join(j.work, "host"), filepath.Join(j.work, "user")
		for _, key := range []string{hostKey, userKey} {
			if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
				return sample{}, fmt.Errorf("ssh-keygen: %w: %s", err, out)
			}
		}
		config := filepath.Join(j.work, "sshd_config")
		if err := os.WriteFile(config, []byte("HostKey "+hostKey+"\nAuthorizedKeysFile "+userKey+".pub\n"+
			"StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"+
			"Subsystem sftp internal-sftp\n"), 0o600); err != nil {
			return sample{}, err
		}
		p := pipeline{anyExit: true} // sshd fails when the client hangs up, as it should
		daemon, addr, err := b.receiver(j.link, &p, "serve", server, "-i", "-e", "-f", config)
		if err != nil {
			return sample{}, err
		}
		address, port, err := net.SplitHostPort(addr)
		if err != nil {
			return sample{}, err
		}
		client := b.command("scp", "-q", "-r", "-F", "none", "-i", userKey, "-P", port, "-o", "BatchMode=yes",
			"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
			j.source, me.Username+"@"+address+":"+j.dest+"/")
		p.receivers, p.senders = []*exec.Cmd{daemon}, []*exec.Cmd{client}
		return p.run(j.link)
	}}
}

// sshServer returns the full path of sshd, without which it does not start.
func sshServer() (string, error) {
	for _, name := range []string{"sshd", "/usr/sbin/sshd"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", unavailable("no SSH server is installed (openssh-server)")
}
