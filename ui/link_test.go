package ui

import (
	"fmt"
	"strings"
	"testing"

	"yonder/app"
)

func TestLinks(t *testing.T) {
	for _, tt := range []struct {
		why, body string
		want      string // of the addresses, separated by spaces
	}{
		{"alone", "https://example.org/a?b=c#d", "https://example.org/a?b=c#d"},
		{"in a sentence", "See https://example.org/a. And (http://example.org/b_(c)), or 'https://example.org/d'!", "https://example.org/a http://example.org/b_(c) https://example.org/d"},
		{"in Chinese, without spaces", "请看https://example.org/路径，谢谢", "https://example.org/"},
		{"with a port", "http://192.0.2.1:8080/x", "http://192.0.2.1:8080/x"},
		{"IPv6", "http://[2001:db8::1]/x", "http://[2001:db8::1]/x"},
		{"scheme in capitals", "HTTPS://Example.org", "https://Example.org"},
		{"twice", "https://example.org https://example.org", "https://example.org"},
		{"in angle brackets", "<https://example.org/a>b", "https://example.org/a"},
		{"more than there are buttons for", "http://a.x http://b.x http://c.x http://d.x http://e.x", "http://a.x http://b.x http://c.x http://d.x"},
		{"letters that look like others", "https://аррle.com/", ""},
		{"no host", "https:// https:///x http://:80/", ""},
		{"a password, which hides the host", "https://example.org@192.0.2.1/ https://a:b@c.x", ""},
		{"other schemes", `javascript:alert(1) file:///etc/passwd smb://h/s \\h\x ms-msdt:/id data:text/html,x vbscript:x mailto:a@b.x ftp://a.x intent://x`, ""},
		{"a scheme inside another", "xhttps://example.org javascript:https://example.org", "https://example.org"},
		{"broken escapes", "https://example.org/%zz https://exa%20mple.org/", ""},
		{"a control character in it", "https://exam\x00ple.org/", ""},
		{"a direction mark in it", "https://exam\u202eple.org/", ""},
		{"a backslash, which browsers take for a slash", `https://example.org\@192.0.2.1/`, ""},
	} {
		var got []string
		for _, u := range links(cleanBody(tt.body)) {
			got = append(got, u.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

// A button names the host, the end of a long one, and starts the browser with the address as
// one argument; until it is pressed nothing is opened.
func TestLinkButton(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	item := message(1, false, app.Delivered, "Look: https://Example.org:8443/a?x=$(id)&y=`z` and https://bank.example."+strings.Repeat("a", 40)+".test/ and file:///etc/passwd")
	b.item(item, true)
	r := b.row(item.ID).(*messageRow)
	if len(r.links) != 2 {
		t.Fatalf("%d buttons, want 2", len(r.links))
	}
	if got := r.links[0].Text; got != "Open example.org:8443" {
		t.Errorf("the button says %q", got)
	}
	if got := r.links[1].Text; !strings.HasSuffix(got, "aaa.test") || !strings.Contains(got, "…") {
		t.Errorf("the button says %q", got)
	}
	if len(b.launched) > 0 {
		t.Errorf("started %q", b.launched)
	}
	if !r.holds(r.links[1]) {
		t.Error("the keyboard would lose the button when the row is drawn anew")
	}
	b.tap(r.links[0])
	if want := `[["xdg-open" "https://Example.org:8443/a?x=$(id)&y="]]`; fmt.Sprintf("%q", b.launched) != want {
		t.Errorf("started %q, want %s", b.launched, want)
	}
	item.Message.Body = "no more"
	b.item(item, false)
	if len(b.row(item.ID).(*messageRow).links) > 0 {
		t.Error("the buttons of another text are still there")
	}
}

// FuzzLinks takes any message: what can be opened is http or https, with a host of ASCII
// alone, and is in the message.
func FuzzLinks(f *testing.F) {
	for _, seed := range []string{"https://example.org/a.", "http://[::1]:80", "https://a@b", "HTTP://Ж", "https://[", "http://a%2f/", "https://x\u202ey"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		found := links(body)
		if len(found) > maxLinks {
			t.Errorf("%q has %d links", body, len(found))
		}
		for _, u := range found {
			s := u.String()
			host := linkHost(u)
			if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") || host == "" || len(host) > 43 || cleanName(host) != host ||
				strings.ContainsAny(s, " \"<>\x00\n") || !strings.Contains(strings.ToLower(body), strings.ToLower(u.Host)) || parseLink(s) == nil {
				t.Errorf("%q has the link %q, shown as %q", body, s, host)
			}
		}
	})
}
