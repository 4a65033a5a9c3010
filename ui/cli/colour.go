package cli

// paint returns text in bold or a colour where colours are on. Colour only repeats
// what the words say already.
func (t *textPrinter) paint(style, text string) string {
	if !t.colour {
		return text
	}
	return style + text + "\x1b[0m"
}

const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
)
