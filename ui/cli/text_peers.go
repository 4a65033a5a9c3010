package cli

import (
	"strconv"
	"strings"
)

// peer keeps a row for the table, or tells a change while watching.
func (t *textPrinter) peer(e peerEvent) {
	if !t.watch {
		t.listed = append(t.listed, e)
		return
	}
	sign := map[string]string{"found": "+", "changed": "~", "left": "-"}[e.Change]
	t.screen.line(strings.TrimRight(sign+" "+strings.Join(peerRow(e), "  "), " "))
}

// peerRow is one row of the table: name, id, system, level, address, found after.
func peerRow(e peerEvent) []string {
	trust := e.Level
	switch {
	case e.Changed != "":
		trust += ", identity changed"
	case e.SameNameAs != "":
		trust += ", other device"
	}
	row := []string{cut(clean(e.Name), 32), e.Short, clean(e.System), trust, clean(e.Address), strconv.FormatInt(e.AfterMS, 10) + " ms"}
	for i, cell := range row {
		if cell == "" {
			row[i] = "-"
		}
	}
	return row
}

// table prints the rows that were kept, each column as wide as its widest cell.
func (t *textPrinter) table() {
	if len(t.listed) == 0 {
		return
	}
	rows := [][]string{{"NAME", "ID", "SYSTEM", "TRUST", "ADDRESS", "FOUND AFTER"}}
	for _, e := range t.listed {
		rows = append(rows, peerRow(e))
	}
	t.listed = nil
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(pad(cell, widths[i]) + "  ")
		}
		t.screen.line(strings.TrimRight(line.String(), " "))
	}
}
