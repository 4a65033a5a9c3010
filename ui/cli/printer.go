package cli

// printer shows events. There are two, [textPrinter] and [jsonPrinter]; one
// goroutine uses a printer at a time.
type printer interface {
	print(e event)
	// close takes away what is not meant to stay, such as progress bars.
	close()
}

// quietPrinter leaves out what nobody asked for.
type quietPrinter struct{ printer }

func (q quietPrinter) print(e event) {
	if !e.chatter() {
		q.printer.print(e)
	}
}

// unwrapPrinter returns what shows the events in the end.
func unwrapPrinter(p printer) printer {
	if q, ok := p.(quietPrinter); ok {
		return q.printer
	}
	return p
}
