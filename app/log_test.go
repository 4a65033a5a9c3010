package app

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.uber.org/goleak"
)

// debugLog is wanted at debug level by somebody who does not look.
func debugLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TestLogRotates: there are never more than five files of 2 MiB, for nobody else to read.
func TestLogRotates(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := filepath.Join(t.TempDir(), logFile)
	log, file := openLog(path, nil)
	filler := strings.Repeat("x", 1000)
	for i := range 15 << 10 { // 15 MiB
		log.Info("line", "n", i, "filler", filler)
		if i%3000 == 0 {
			time.Sleep(2 * time.Millisecond) // two files of one millisecond would have one name
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if len(files) != 1+logBefore {
		t.Errorf("%d files, want %d: %q", len(files), 1+logBefore, files)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > logSize<<20 || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has %d bytes and mode %v", filepath.Base(name), info.Size(), info.Mode())
		}
	}
	last, _ := os.ReadFile(path)
	if !strings.Contains(string(last), fmt.Sprintf("n=%d ", 15<<10-1)) {
		t.Error("the last line is not in the newest file")
	}
	log, file = openLog(path, nil)
	log.Info("again")
	file.Close()
	if now, _ := os.ReadFile(path); !strings.HasPrefix(string(now), string(last)) || len(now) <= len(last) {
		t.Error("the next start did not go on where the log was")
	}
}

func TestLogWhereNothingCanBeWritten(t *testing.T) {
	log, file := openLog(filepath.Join(t.TempDir(), "missing", "\x00", logFile), nil)
	log.Info("lost")
	file.Close()
}

// TestDiscreet: an error above debug level is told without the names and paths in it.
func TestDiscreet(t *testing.T) {
	inside := &fs.PathError{Op: "open", Path: "/home/secret \"x\".txt", Err: fs.ErrPermission}
	for _, tt := range []struct {
		why  string
		err  error
		want string
	}{
		{"words", fmt.Errorf("the other side said goodbye: %w", io.EOF), "the other side said goodbye: EOF"},
		{"a path", inside, "open …: permission denied"},
		{"a path in words", fmt.Errorf("receive %q: %w", "secret \"x\".txt", inside), "receive …: open …: permission denied"},
		{"two paths", &os.LinkError{Op: "rename", Old: "/secret", New: "/b/secret2", Err: fs.ErrExist}, "rename … …: file already exists"},
		{"two errors", fmt.Errorf("%q: %w", "secret", errors.Join(io.ErrUnexpectedEOF, inside)), "…: unexpected EOF\\nopen …: permission denied"},
		{"a quote that does not end", errors.New(`open "`), `open \"`},
		{"nothing", nil, "<nil>"},
	} {
		for level, want := range map[slog.Level]bool{slog.LevelInfo: false, slog.LevelDebug: true} {
			var out strings.Builder
			log := slog.New(discreet{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})}).With("a", 1).WithGroup("g")
			log.Warn("trouble", "err", tt.err, "n", 7)
			if !want && !strings.Contains(out.String(), tt.want) || !strings.Contains(out.String(), "g.n=7") || !strings.Contains(out.String(), " a=1") {
				t.Errorf("%s at %v: %s", tt.why, level, out.String())
			}
			if strings.Contains(out.String(), "secret") && !want || strings.Count(out.String(), "\n") != 1 {
				t.Errorf("%s at %v: %s", tt.why, level, out.String())
			}
		}
	}
}

// TestLogKeepsSecrets runs all that two people do, with strangers who say things beside them,
// and looks what is in both logs: at no level a key, a code, a nonce, a token or a message, and
// no name of a person or a file above debug. No line can be made by others.
func TestLogKeepsSecrets(t *testing.T) {
	for level, log := range map[string]*slog.Logger{"debug": debugLog(), "info": nil} {
		t.Run(level, func(t *testing.T) {
			const said, told, hostile = "Wort-im-Vertrauen", "Datei-im-Vertrauen", "HOSTILE"
			dirs := []string{t.TempDir(), t.TempDir()}
			with := func(name string) func(*Options) {
				return func(o *Options) { o.Log, o.Name = log, name }
			}
			a, b := openReal(t, dirs[0], 0, with("Vertraute Anna")), openReal(t, dirs[1], 0, with("Vertrauter Bodo"))
			fa, fb := followReal(t, a), followReal(t, b)
			meet(t, a, b)
			must(t, a.Pair(t.Context(), b.me.ID))
			code := ""
			for _, side := range []struct {
				f    *follower
				b    Backend
				with DeviceID
			}{{fa, a, b.me.ID}, {fb, b, a.me.ID}} {
				side.f.until("a code", func() bool { return side.f.pair != nil && side.f.pair.State == PairingComparing })
				code = side.f.pair.Code
				must(t, side.b.AnswerPairing(t.Context(), side.with, code, true))
			}
			fb.until("paired", func() bool { p, _ := fb.person(a.me.ID); return p.Level == Paired })
			fa.until("paired", func() bool { p, _ := fa.person(b.me.ID); return p.Level == Paired })
			must(t, b.SetRule(t.Context(), a.me.ID, Rule{Accept: RuleAlways}))

			if _, err := a.Say(t.Context(), b.me.ID, said); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), told+".txt")
			must(t, os.WriteFile(path, []byte(said), 0o600))
			fa.transferIs(send(t, a, b.me.ID, time.Minute, path), Done)
			fa.transferIs(send(t, a, b.me.ID, time.Minute, path), Done) // there is one of that name now
			for _, words := range []string{hostile + "\n\x1b[2J", "GET /" + hostile + " HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x00\x05" + hostile} {
				conn, err := net.Dial("tcp", b.loopback())
				if err != nil {
					t.Fatal(err)
				}
				io.WriteString(conn, words)
				conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
				conn.Close()
			}
			if conn, err := tls.Dial("tcp", b.loopback(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{hostile + "\nx"}}); err == nil {
				conn.Close()
			}
			client, err := dialOwner(t.Context(), dirs[1])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.History(t.Context(), a.me.ID, "", 9); err != nil {
				t.Fatal(err)
			}
			client.Close()
			key := pemOf(t, filepath.Join(dirs[1], identityFile))
			a.Close()
			b.Close()

			for i, dir := range dirs {
				data, err := os.ReadFile(filepath.Join(dir, logFile))
				if err != nil {
					t.Fatal(err)
				}
				text := string(data)
				for _, want := range []string{"msg=started", "msg=\"session begun\"", "state=paired", "state=done", "msg=ended"} {
					if !strings.Contains(text, want) {
						t.Errorf("host %d does not log %s", i, want)
					}
				}
				secrets := []string{said, client.at.Token, code, code[:3] + " " + code[3:], hex.EncodeToString(key[len(key)-32:]), base64.StdEncoding.EncodeToString(key)}
				if level == "info" {
					secrets = append(secrets, told, "Vertraute", hostile)
				}
				for line := range strings.Lines(text) {
					if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "time=") || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
						t.Errorf("host %d: somebody made the line %q", i, line)
					}
					rest := regexp.MustCompile(`^time=\S+|listening=\S+|\bid=[0-9a-f]{32}\b`).ReplaceAllString(line, "")
					for _, secret := range secrets {
						if strings.Contains(rest, secret) {
							t.Errorf("host %d: %q is in %s", i, secret, line)
						}
					}
					if found := regexp.MustCompile(`[0-9a-fA-F]{32,}|[A-Za-z0-9+/]{43,}`).FindString(rest); found != "" {
						t.Errorf("host %d: %q may be a secret: %s", i, found, line)
					}
				}
			}
		})
	}
}

func pemOf(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	return block.Bytes
}
