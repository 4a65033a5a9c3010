package cli

import (
	"fmt"
	"testing"
	"testing/synctest"

	"yonder/app"
)

// TestFilesInJSON: a long list comes in parts, and one of it can be left out.
func TestFilesInJSON(t *testing.T) {
	f := newFake()
	for i := range uint32(app.MaxFiles + 1) {
		f.files = append(f.files, app.File{Entry: 2 * i, Path: fmt.Sprintf("dir/%d", i), Size: int64(i), State: app.FileWaiting})
	}
	f.files[0].State = app.FileComplete
	s := session{fake: f, typed: true, play: func(s *session) {
		s.transfer("item-0", true, incoming(app.Running))
		s.write(`{"files":"item-0"}`)
		s.write(`{"files":"item-0","entry":1999}`)
		s.write(`{"leave_out":"item-0","entry":0}`)
		for _, bad := range []string{`{"leave_out":"item-0"}`, `{"pause":"item-0","entry":1}`, `{"files":"item-0","entry":-1}`, `{"leave_out":"zzz","entry":1}`} {
			s.write(bad)
		}
		s.user.Close()
		synctest.Wait()
		s.transfer("item-0", true, arrived())
	}}
	if code := s.run(t, "send", "--to", "Anna", "--json", "--quiet", "files_test.go"); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	var ends []map[string]any
	warnings, files := 0, 0
	for _, e := range s.lines(t) {
		switch e["event"] {
		case "files":
			ends = append(ends, e)
		case "warning":
			warnings++
		case "file":
			if e["entry"] == nil {
				continue
			}
			if files == 0 && (e["name"] != "dir/0" || e["result"] != "complete" || e["size"] != 0.0 || e["entry"] != 0.0 || e["outgoing"] != true) {
				t.Errorf("the first file is %v", e)
			}
			files++
		}
	}
	if files != app.MaxFiles+1 || len(ends) != 2 || ends[0]["count"] != float64(app.MaxFiles) || ends[0]["next"] != 1999.0 || ends[1]["count"] != 1.0 || ends[1]["next"] != nil {
		t.Errorf("%d files are listed, in parts that end with %v", files, ends)
	}
	if warnings != 4 {
		t.Errorf("%d warnings, want 4: %s", warnings, s.out.String())
	}
	if len(s.orders) != 1 || s.orders[0] != "leave out 0 of item-0" {
		t.Errorf("orders %q", s.orders)
	}
}
