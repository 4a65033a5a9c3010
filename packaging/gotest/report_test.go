package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const died = `{"Action":"output","Package":"yonder/app","Test":"TestHang","Output":"waiting for Godot\n"}
{"Action":"output","Package":"yonder/app","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"yonder/app","Elapsed":9}
`
	tests := []struct {
		name string // why this case is here
		in   string
		want []string
		not  []string
	}{
		{"a passing test is quiet",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":1.25}
`,
			[]string{"ok    p", "1 passed", "1.2s", "1 passed, 0 failed, 0 skipped"}, []string{"chatter", "skipped 0:"}},
		{"a skip says why",
			`{"Action":"output","Package":"p","Test":"TestNet","Output":"=== RUN   TestNet\n"}
{"Action":"output","Package":"p","Test":"TestNet","Output":"    net_test.go:9: needs root\n"}
{"Action":"output","Package":"p","Test":"TestNet","Output":"--- SKIP: TestNet (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestNet"}
{"Action":"pass","Package":"p"}
`,
			[]string{"skipped 1:", "p.TestNet: net_test.go:9: needs root"}, []string{"=== RUN"}},
		{"a failure shows all it said",
			`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}
`,
			[]string{"FAIL  p.TestB", "got 1, want 2", "0 passed, 1 failed"}, nil},
		{"a package that dies shows the test that was running", died,
			[]string{"TestHang did not end", "waiting for Godot", "panic: test timed out"}, nil},
		{"compiler errors are shown",
			`{"ImportPath":"p","Action":"build-output","Output":"x.go:1: undefined: y\n"}
{"ImportPath":"p","Action":"build-fail"}
`,
			[]string{"undefined: y"}, nil},
		{"lines that are no events pass through", "go: downloading x\n", []string{"go: downloading x"}, nil},
		{"a package without tests", `{"Action":"skip","Package":"q"}`, []string{"-     q", "no tests", "0 skipped"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			r.finish()
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
			for _, not := range tt.not {
				if strings.Contains(out.String(), not) {
					t.Errorf("output has %q:\n%s", not, out.String())
				}
			}
		})
	}
}
