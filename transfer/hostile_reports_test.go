package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// hostilePaths would leave the destination if anybody used them.
var hostilePaths = []string{"../y", "../../y", "/etc/hostname", `..\y`, `C:\y`, `\\srv\s\y`, "canary/x", "y", "", "\x1b[2J\n", "a\u202e"}

// TestHostileReports names paths outside in everything that only tells: what a sender
// left out, what failed at it, and what a receiver says to have published. Nobody looks
// for them, opens or removes them.
func TestHostileReports(t *testing.T) {
	s := newScene(t)
	small := load{"a.txt", []byte("content")}
	for i, path := range hostilePaths {
		t.Run(fmt.Sprintf("of the sender %.20q", path), func(t *testing.T) {
			s.t, s.bystander.t = t, t
			p := newPuppet(t, s.b)
			p.accepted(1, offering(byte(i), small))
			p.say(framePage, 1, manifestOf(small))
			p.say(frameFiles, 1, &files{Failed: []fileFailed{{Entry: 0, Reason: SkipUnreadable, Detail: path}}})
			p.say(frameEnd, 1, &end{Skipped: []skipped{{Path: path, Reason: SkipUnreadable, Detail: path}, {Path: path, Reason: SkipLink}}, SkipCount: 2, Links: 1})
			var m done
			if p.expect(frameDone, &m); m.Files != 0 || m.Failed != 1 || len(m.Published) != 0 {
				t.Errorf("DONE = %+v, want one failed file", m)
			}
			s.quiet()
			s.untouched()
			s.bystander.say(frameFiles, bystanderStream, &files{})
			s.bystander.alive()
			s.clean()
		})
	}
	s.t = t
	s.finish()

	src := t.TempDir()
	write(t, filepath.Join(src, "y"), []byte("canary"))
	path := write(t, filepath.Join(src, "f", "a"), []byte("a"))
	before := tree(t, src)
	a := startNode(t, nil, "", nil)
	for _, name := range hostilePaths {
		t.Run(fmt.Sprintf("of the receiver %.20q", name), func(t *testing.T) {
			p := newPuppet(t, a)
			stream, hash, result := p.offered(a, outgoing(path))
			p.say(frameAccept, stream, &accept{Offer: hash, Entries: maxEntries, Bytes: maxTotal, Credit: window})
			p.expect(frameEnd, &end{})
			p.say(frameDone, stream, &done{Files: 1, Published: []renamed{{Name: name, As: name}}, Skipped: []skipped{{Path: name, Reason: SkipRenamed, Detail: name}}, SkipCount: 1})
			if err := <-result; err != nil {
				t.Errorf("Send = %v", err)
			}
			if after := tree(t, src); after != before {
				t.Errorf("at the sender there is now\n%s, want\n%s", after, before)
			}
		})
	}
}

// TestHostileLinks lists symbolic links to a receiver that takes none, and such as leave
// the folder to one that does. None is made, and what is listed below one is refused.
func TestHostileLinks(t *testing.T) {
	s := newScene(t)
	link := func(depth uint16, name, target string) entry {
		return entry{Depth: depth, Name: name, Kind: kindLink, Target: target}
	}
	const fine, breach, badName = code(0), code(1), code(14)
	tests := []struct {
		reason  string
		links   bool // the receiver takes them
		entries []entry
		want    code
	}{
		{"not wanted", false, []entry{folder(0, "f"), link(1, "l", "x")}, fine},
		{"leaves", true, []entry{folder(0, "f"), link(1, "l", "../y")}, badName},
		{"leaves far", true, []entry{folder(0, "f"), folder(1, "g"), link(2, "l", "../../../y")}, badName},
		{"leaves, not wanted", false, []entry{folder(0, "f"), link(1, "l", "../y")}, badName},
		{"leaves in the middle", true, []entry{folder(0, "f"), link(1, "l", "a/../../../y")}, badName},
		{"absolute", true, []entry{folder(0, "f"), link(1, "l", "/etc/hostname")}, badName},
		{"UNC", true, []entry{folder(0, "f"), link(1, "l", `\\srv\share`)}, badName},
		{"a drive", true, []entry{folder(0, "f"), link(1, "l", "C:/x")}, badName},
		{"to nothing", true, []entry{folder(0, "f"), link(1, "l", "")}, breach},
		{"at the top", true, []entry{link(0, "f", "x")}, badName},
		{"with something below", true, []entry{folder(0, "f"), link(1, "l", "x"), file(2, "y")}, breach},
		{"with a size", true, []entry{folder(0, "f"), {Depth: 1, Name: "l", Kind: kindLink, Target: "x", Size: 1}}, breach},
	}
	for i, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s.t, s.bystander.t = t, t
			s.b.deciding(func(context.Context, *Incoming) Decision {
				return Decision{Accept: true, Folder: s.dest, Links: test.links}
			})
			p := newPuppet(t, s.b)
			p.accepted(1, &offer{Key: [16]byte{byte(i)}, Conv: []byte{}, Names: []topName{{Name: "f", Folder: true}}, Count: 1, Entries: uint64(len(test.entries)), Bytes: 9, Final: true})
			p.say(framePage, 1, &page{Last: true, Entries: test.entries, Digest: manifestOf().Digest})
			p.say(frameEnd, 1, &end{Skipped: []skipped{}})
			if test.want != fine {
				if test.want == badName {
					waitCancel(p, badName)
					p.say(frameBye, 0, &status{Code: 9})
				}
				if got := p.ended(); got != breach && got != 0 {
					t.Errorf("BYE with code %d, want %d", got, breach)
				}
				s.quiet()
				s.untouched()
				s.clean()
				return
			}
			var m done
			if p.expect(frameDone, &m); m.Links != 1 || m.SkipCount != 1 || len(m.Skipped) != 1 || m.Skipped[0].Reason != SkipLink || m.Skipped[0].Path != "f/l" {
				t.Errorf("DONE = %+v, want one link skipped", m)
			}
			if _, err := os.Lstat(filepath.Join(s.dest, "f", "l")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the link was made: %v", err)
			}
			os.RemoveAll(filepath.Join(s.dest, "f"))
			s.quiet()
		})
	}
	s.t = t
	s.finish()
}
