package app

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// codes returns all Code constants of problem.go.
func codes(t *testing.T) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Code") {
			found[v.Names[0].Name], _ = strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		}
		return true
	})
	return found
}

func TestEveryCodeHasASentence(t *testing.T) {
	all := codes(t)
	if len(all) < 30 {
		t.Fatalf("found only %d codes", len(all))
	}
	for name, code := range all {
		p := newProblem(code, "OBJECT", "DETAIL")
		if p.Text == "" || p.Hint == "" || strings.Contains(p.Text+p.Hint, "%!") {
			t.Errorf("%s: text %q, hint %q", name, p.Text, p.Hint)
		}
		if strings.HasSuffix(p.Text, ".") || strings.HasSuffix(p.Hint, ".") {
			t.Errorf("%s ends with a full stop: %q, %q", name, p.Text, p.Hint)
		}
	}
	if len(sentences) != len(all) {
		t.Errorf("%d sentences for %d codes", len(sentences), len(all))
	}
}

func TestProblemOf(t *testing.T) {
	for _, tt := range []struct {
		why    string
		err    error
		code   string
		object string
	}{
		{"declined", transfer.ErrDeclined, CodeDeclined, "Bo"},
		{"wrapped", fmt.Errorf("send: %w", transfer.ErrStalled), CodeStalled, "Bo"},
		{"by them", transfer.ErrPeerCancel, CodeCancelledBy, "Bo"},
		{"by us", transfer.ErrCancelled, CodeCancelled, "Bo"},
		{"a limit of theirs", transfer.ErrTooMany, CodeBusy, "Bo"},
		{"more than accepted", transfer.ErrLimit, CodeProtocol, "Bo"},
		{"joined: the cut, not what caused it", errors.Join(transfer.ErrInterrupted, errors.New("EOF")), CodeInterrupted, "Bo"},
		{"a local file", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}, CodeUnreadable, "/x"},
		{"a missing local file", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, CodeNoPath, "/x"},
		{"a problem already", newProblem(CodeNoFolder, "/y", ""), CodeNoFolder, "/y"},
		{"time over", context.DeadlineExceeded, CodeUnreachable, "Bo"},
		{"anything else", errors.New("boom"), CodeInternal, "Bo"},
		{"nothing to send", transfer.ErrNothing, CodeInternal, "Bo"},
	} {
		p := problemOf(tt.err, "Bo")
		if p.Code != tt.code || p.Object != tt.object || p.Text == "" || p.Hint == "" {
			t.Errorf("%s: problemOf(%v) = %+v, want code %s about %q", tt.why, tt.err, p, tt.code, tt.object)
		}
	}
	if problemOf(nil, "Bo") != nil {
		t.Error("problemOf(nil) is a problem")
	}
}

func TestProblemsAreOneLine(t *testing.T) { // names and paths of others end up in terminals
	for _, hostile := range []string{"a\nb", "\x1b[2J", "a\u202eb", "\xff"} {
		for code := range sentences {
			if code == CodeAmbiguous { // its detail is ids of ours
				continue
			}
			p := newProblem(code, hostile, hostile)
			if strings.Contains(p.Text+p.Hint, hostile) {
				t.Errorf("%s: text %q, hint %q keep %q as it is", code, p.Text, p.Hint, hostile)
			}
		}
	}
}

func TestSkipReasonsHaveCodes(t *testing.T) {
	known := codes(t)
	for reason := transfer.SkipLink; reason <= transfer.SkipFailed; reason++ {
		r := reports([]transfer.Skipped{{Path: "a\nb", Reason: reason, Detail: "x"}})[0]
		found := false
		for _, code := range known {
			found = found || r.Code == code
		}
		if !found || r.Code == CodeInternal || r.Path != "a\uFFFDb" {
			t.Errorf("reason %d: %+v", reason, r)
		}
	}
	if n := len(reports(make([]transfer.Skipped, 500))); n != 100 {
		t.Errorf("%d reports of 500, want 100", n)
	}
}

// TestOtherVersionIsTold: who runs another version is told of once in an hour, whatever comes.
func TestOtherVersionIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newLAN().add(t, nil)
		f := follow(t, a)
		from := netip.MustParseAddrPort("[::ffff:10.0.0.9]:40000")
		for range 100 {
			a.otherVersion(from, true)
		}
		p := f.problem(CodeVersion)
		if p.Object != "10.0.0.9" || p.Detail != "here" || p.Hint != "update Yonder on this computer" {
			t.Errorf("told %+v", p)
		}
		time.Sleep(versionPause)
		a.otherVersion(from, false)
		f.until("the second", func() bool {
			return len(f.log) > 0 && f.log[len(f.log)-1].Problem != nil && f.log[len(f.log)-1].Problem.Detail == "there"
		})
		count := 0
		for _, ev := range f.log {
			if ev.Kind == EventProblem {
				count++
			}
		}
		if count != 2 {
			t.Errorf("told %d times, want twice", count)
		}
	})
}
