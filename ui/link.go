package ui

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"yonder/app"
)

// maxLinks is how many links of one message can be opened with a button.
const maxLinks = 4

// webLink is what may be an address of the web in a message. A character that is not ASCII
// ends it: Chinese follows without a space, and a host in other letters than these could
// look like another one.
var webLink = regexp.MustCompile(`(?i)\bhttps?://[!-~]+`)

// links returns the different addresses of the web in a message, at most [maxLinks]. They
// are http and https alone, with a host and without a password.
func links(body string) (found []*url.URL) {
	seen := map[string]bool{}
	for _, text := range webLink.FindAllString(body, -1) {
		u := parseLink(trimLink(text))
		if u == nil || seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		if found = append(found, u); len(found) == maxLinks {
			break
		}
	}
	return found
}

// trimLink takes away what belongs to the sentence and not to the address at its end: a full
// stop, a quote, a bracket that does not open in it.
func trimLink(text string) string {
	if i := strings.IndexAny(text, "<>\"`"); i >= 0 {
		text = text[:i]
	}
	for text != "" {
		last := text[len(text)-1]
		opening := map[byte]string{')': "(", ']': "[", '}': "{"}[last]
		switch {
		case strings.IndexByte(".,;:!?'*_", last) >= 0:
		case opening != "" && strings.Count(text, opening) < strings.Count(text, string(last)):
		default:
			return text
		}
		text = text[:len(text)-1]
	}
	return text
}

// parseLink returns nil for what is not to be opened.
func parseLink(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	for _, r := range u.Host {
		if r <= ' ' || r > '~' {
			return nil
		}
	}
	return u
}

// linkHost is what a button says of an address: the host, whose end is what counts, with a
// port that is not the usual one.
func linkHost(u *url.URL) string {
	const most = 40
	host := strings.ToLower(u.Host)
	if len(host) > most {
		host = "…" + host[len(host)-most:]
	}
	return host
}

// openLink shows an address in the browser.
func (w *Window) openLink(u *url.URL) {
	w.call(func(context.Context, app.Backend) error {
		if parseLink(u.String()) == nil {
			return &app.Problem{Code: app.CodeInternal, Object: linkHost(u), Text: "not an address of the web"}
		}
		return w.run(openCommand(w.o.System, u.String()))
	})
}
