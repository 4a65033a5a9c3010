package packaging

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// testsOf returns the strings that each test and fuzz target of a package has in its body,
// whatever system it is for.
func testsOf(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			texts := map[string]bool{}
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					texts[text] = true
				}
				return true
			})
			found[f.Name.Name] = texts
		}
	}
	return found
}

// TestCitedTests: what docs/hostile-input.md cites as a test is one, and the row of it is a
// row; and the lines of its tables are numbered as they always were.
func TestCitedTests(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "docs", "hostile-input.md"))
	if err != nil {
		t.Fatal(err)
	}
	citation := regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)\\w+)(?:/([^`]+))?`")
	number := regexp.MustCompile(`^\| (\d+) \|`)
	packages := map[string]map[string]map[string]bool{}
	var numbers []int
	for line := range strings.Lines(string(raw)) {
		cited := citation.FindAllStringSubmatch(line, -1)
		if m := number.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			if numbers = append(numbers, n); err != nil || len(cited) == 0 {
				t.Errorf("line %d cites no test: %v", n, err)
			}
		}
		for _, c := range cited {
			dir, name, row := c[1], c[2], c[3]
			if packages[dir] == nil {
				packages[dir] = testsOf(t, dir)
			}
			texts, ok := packages[dir][name]
			if !ok {
				t.Errorf("%s: there is no %s in %s", c[0], name, dir)
			} else if row != "" && !texts[row] {
				t.Errorf("%s: %s has no such row", c[0], name)
			}
		}
	}
	var want []int
	for n := 1; n <= 141; n++ {
		want = append(want, n)
	}
	if !slices.Equal(numbers, want) {
		t.Errorf("the lines are numbered %v, want %v", numbers, want)
	}
}
