package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

// brief writes a message as one line: what it tells and, with a minus, what it takes back.
func brief(rr []dns.RR) string {
	var words []string
	for _, r := range rr {
		word := dns.TypeToString[r.Header().Rrtype]
		switch r := r.(type) {
		case *dns.PTR:
			if word = "PTR" + r.Ptr[strings.LastIndex(r.Ptr[:strings.Index(r.Ptr, ".")], "-")+1:strings.Index(r.Ptr, ".")]; r.Hdr.Name == mdnsTypes {
				word = "TYPE"
			}
		case *dns.SRV:
			word += fmt.Sprint(r.Port)
		case *dns.A:
			word = r.A.String()
		}
		if r.Header().Ttl == 0 {
			word = "-" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestNotices walks through what happens to one plan. Times are in seconds.
func TestNotices(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	eth := testLink("eth0", 3, "10.0.0.2/24")
	moved := testLink("eth0", 3, "10.9.0.2/24")
	both := testLink("eth0", 3, "10.0.0.2/24", "fe80::1/64")
	replaced := testLink("eth0", 8, "10.0.0.2/24")
	wlan := testLink("wlan0", 4, "10.1.0.2/24")
	seen, other, hidden := zoneData{testID(2), 4002, 5000}, zoneData{testID(2), 4999, 5000}, zoneData{testID(2), 0, 5000}
	const eth0 = "eth0: TYPE PTR3 SRV4002 TXT 10.0.0.2"

	type step struct {
		at    float64
		links []link // nil: nothing is set, only time goes by
		data  zoneData
		again bool
		fails bool
		want  string // messages, separated by "; "
		next  string // seconds from now: exact, "refresh", or "never"
	}
	on := func(l ...link) []link { return append([]link{}, l...) }
	tests := []struct {
		why   string
		steps []step
		bye   string
	}{
		{"start, twice, refresh, end", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 0.9, want: "", next: "100ms"},
			{at: 1, want: eth0, next: "refresh"},
			{at: 60, links: on(eth), data: seen, want: "", next: "later"},
			{at: 97, want: eth0, next: "refresh"},
		}, "eth0: -PTR3 -SRV4002 -10.0.0.2"},
		{"hidden from the start: nobody is told, nor told goodbye", []step{
			{at: 0, links: on(eth), data: hidden, want: "", next: "never"},
			{at: 5, links: on(eth), data: hidden, again: true, want: "", next: "never"},
		}, ""},
		{"hiding takes everything back at once and is silent then; showing begins anew", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 0.5, links: on(eth), data: hidden, want: "eth0: -PTR3 -SRV4002 -10.0.0.2", next: "1s"},
			{at: 1.5, want: "eth0: -PTR3 -SRV4002 -10.0.0.2", next: "never"},
			{at: 500, links: on(eth), data: hidden, again: true, want: "", next: "never"},
			{at: 501, links: on(eth), data: seen, want: eth0, next: "1s"},
		}, "eth0: -PTR3 -SRV4002 -10.0.0.2"},
		{"hidden before anything was sent", []step{
			{at: 0, links: on(eth), data: seen, fails: true, want: eth0, next: "5s"},
			{at: 1, links: on(eth), data: hidden, want: "", next: "never"},
		}, ""},
		{"a new port replaces the old one, at most once a second", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 0.25, links: on(eth), data: other, want: "", next: "750ms"},
			{at: 1, want: "eth0: TYPE PTR3 SRV4999 TXT 10.0.0.2", next: "1s"},
			{at: 2, want: "eth0: TYPE PTR3 SRV4999 TXT 10.0.0.2", next: "refresh"},
		}, "eth0: -PTR3 -SRV4999 -10.0.0.2"},
		{"an address replaces another; the last one of a family is taken back", []step{
			{at: 0, links: on(both), data: seen, want: eth0 + " AAAA", next: "1s"},
			{at: 10, links: on(moved), data: seen, want: "eth0: TYPE PTR3 SRV4002 TXT 10.9.0.2 -AAAA", next: "1s"},
			{at: 11, want: "eth0: TYPE PTR3 SRV4002 TXT 10.9.0.2 -AAAA", next: "refresh"},
		}, "eth0: -PTR3 -SRV4002 -10.9.0.2"},
		{"asked to repeat, again and again", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 1, want: eth0, next: "refresh"},
			{at: 1.5, links: on(eth), data: seen, again: true, want: "", next: "500ms"},
			{at: 1.6, links: on(eth), data: seen, again: true, want: "", next: "400ms"},
			{at: 2, want: eth0, next: "1s"},
			{at: 3, want: eth0, next: "refresh"},
		}, "eth0: -PTR3 -SRV4002 -10.0.0.2"},
		{"the cable is out and in", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 1, links: on(), data: seen, want: "", next: "never"},
			{at: 20, links: on(eth), data: seen, want: eth0, next: "1s"},
		}, "eth0: -PTR3 -SRV4002 -10.0.0.2"},
		{"out at the end", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 1, links: on(), data: seen, want: "", next: "never"},
		}, ""},
		{"hidden while the cable was out: the network where it is put in may be another one", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 5, links: on(), data: seen, want: "", next: "never"},
			{at: 6, links: on(), data: hidden, want: "", next: "never"},
			{at: 7, links: on(eth), data: hidden, want: "", next: "never"},
		}, ""},
		{"hidden and moved at the same time", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 5, links: on(moved), data: hidden, want: "", next: "never"},
		}, ""},
		{"another adapter takes the place, unnoticed or not: the old instance is taken back", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 3, links: on(replaced), data: seen, want: "eth0: TYPE PTR8 SRV4002 TXT 10.0.0.2 -PTR3", next: "1s"},
			{at: 5, links: on(), data: seen, want: "", next: "never"},
			{at: 9, links: on(eth), data: seen, want: "eth0: TYPE PTR3 SRV4002 TXT 10.0.0.2 -PTR8", next: "1s"},
		}, "eth0: -PTR8 -PTR3 -SRV4002 -10.0.0.2"},
		{"another adapter, when nobody can remember the old one", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 3, links: on(), data: seen, want: "", next: "never"},
			{at: 130, links: on(), data: seen, want: "", next: "never"},
			{at: 131, links: on(replaced), data: seen, want: "eth0: TYPE PTR8 SRV4002 TXT 10.0.0.2", next: "1s"},
		}, "eth0: -PTR8 -SRV4002 -10.0.0.2"},
		{"another adapter while hidden", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 3, links: on(replaced), data: hidden, want: "", next: "never"},
		}, ""},
		{"a second link has its own times", []step{
			{at: 0, links: on(eth), data: seen, want: eth0, next: "1s"},
			{at: 0.5, links: on(eth, wlan), data: seen, want: "wlan0: TYPE PTR4 SRV4002 TXT 10.1.0.2", next: "500ms"},
			{at: 1, want: eth0, next: "500ms"},
			{at: 1.5, want: "wlan0: TYPE PTR4 SRV4002 TXT 10.1.0.2", next: "later"},
		}, "eth0: -PTR3 -SRV4002 -10.0.0.2; wlan0: -PTR4 -SRV4002 -10.1.0.2"},
		{"a failure is tried again, and the two count from the first success", []step{
			{at: 0, links: on(eth), data: seen, fails: true, want: eth0, next: "5s"},
			{at: 5, fails: true, want: eth0, next: "5s"},
			{at: 10, want: eth0, next: "1s"},
			{at: 11, want: eth0, next: "refresh"},
		}, "eth0: -PTR3 -SRV4002 -10.0.0.2"},
	}
	write := func(list []parcel) string {
		var texts []string
		for _, p := range list {
			texts = append(texts, p.link.ifi.Name+": "+brief(p.rr))
		}
		return strings.Join(texts, "; ")
	}
	for _, tt := range tests {
		n := newNotices()
		for _, s := range tt.steps {
			now := at(s.at)
			if s.links != nil {
				n.set(now, s.links, s.data, s.again)
			}
			list := n.due(now)
			for _, p := range list {
				var err error
				if s.fails {
					err = errors.New("no buffer space")
				}
				n.sent(now, p.link.ifi.Name, err)
			}
			if got := write(list); got != s.want {
				t.Errorf("%s: at %v s: %q, want %q", tt.why, s.at, got, s.want)
			}
			in := n.next().Sub(now)
			switch got := in.String(); {
			case n.next().IsZero() != (s.next == "never"),
				s.next == "refresh" && (in < 84*time.Second || in > 96*time.Second),
				s.next == "later" && in <= 0,
				!slices.Contains([]string{"never", "refresh", "later"}, s.next) && got != s.next:
				t.Errorf("%s: at %v s: due in %v, want %s", tt.why, s.at, in, s.next)
			}
		}
		if got := write(n.farewell()); got != tt.bye {
			t.Errorf("%s: at the end %q, want %q", tt.why, got, tt.bye)
		}
	}
}

// TestUnaskedMessage compares what is sent with its text, as another program reads it.
func TestUnaskedMessage(t *testing.T) {
	l := testLink("eth0", 3, "10.0.0.2/24", "fe80::1/64")
	rr := unasked(l, zoneData{testID(2), 4002, 5000})
	id := testID(2).String()
	instance, host := strings.ToLower(id)+"-3._yonder._tcp.local.", "yonder-"+strings.ToLower(id[:16])+"-3.local."
	tests := []struct {
		why  string
		rr   []dns.RR
		want []string // name, TTL, class with the cache-flush bit, type, data
	}{
		{"told", rr, []string{
			"_services._dns-sd._udp.local.	120	IN	PTR	_yonder._tcp.local.",
			"_yonder._tcp.local.	120	IN	PTR	" + instance,
			instance + "	120	CLASS32769	SRV	0 0 4002 " + host,
			instance + `	120	CLASS32769	TXT	"v=1" "id=` + id + `" "p=4002" "u=5000" "a=10.0.0.2,fe80::1"`,
			host + "	120	CLASS32769	A	10.0.0.2",
			host + "	120	CLASS32769	AAAA	fe80::1",
		}},
		{"taken back", withdrawn(rr), []string{
			"_yonder._tcp.local.	0	IN	PTR	" + instance,
			instance + "	0	CLASS32769	SRV	0 0 4002 " + host,
			host + "	0	CLASS32769	A	10.0.0.2",
			host + "	0	CLASS32769	AAAA	fe80::1",
		}},
	}
	for _, tt := range tests {
		data, err := unaskedMessage(tt.rr)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 512 {
			t.Errorf("%s: %d bytes, want a small packet", tt.why, len(data))
		}
		if head := fmt.Sprintf("%x", data[:12]); head != fmt.Sprintf("0000840000000%03x00000000", len(tt.want)) {
			t.Errorf("%s: header %s, want id 0, an authoritative response, no question, %d answers and nothing else", tt.why, head, len(tt.want))
		}
		var m dns.Msg
		if err := m.Unpack(data); err != nil {
			t.Fatalf("%s: %v", tt.why, err)
		}
		var got []string
		for _, r := range m.Answer {
			got = append(got, r.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.why, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

func TestUnaskedMessageFitsIntoPackets(t *testing.T) {
	l := testLink("eth0", 2147483647)
	for i := range 40 {
		l.addrs = append(l.addrs, testLink("", 0, fmt.Sprintf("2001:db8:1111:2222:3333:4444:5555:%x/64", 0x6600+i)).addrs...)
	}
	data, err := unaskedMessage(unasked(l, zoneData{testID(2), 65535, 65535}))
	if err != nil || len(data) > 1280-48 { // what every link carries, without the headers of IPv6 and UDP
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// TestHerald lets the goroutine go through a life, with a clock that jumps.
func TestHerald(t *testing.T) {
	defer goleak.VerifyNone(t)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		data, broken, log := zoneData{testID(2), 4002, 5000}, false, []string(nil)
		h := newHerald(func() zoneData { mu.Lock(); defer mu.Unlock(); return data })
		begun := time.Now()
		h.send = func(l link, b []byte) error {
			mu.Lock()
			defer mu.Unlock()
			if broken {
				return errors.New("no buffer space")
			}
			var m dns.Msg
			if err := m.Unpack(b); err != nil {
				t.Error(err)
			}
			log = append(log, fmt.Sprintf("%.0f %s %s", time.Since(begun).Seconds(), l.ifi.Name, brief(m.Answer)))
			return nil
		}
		take := func() string {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			all := strings.Join(log, "; ")
			log = nil
			return all
		}
		wants := func(want string) {
			t.Helper()
			if got := take(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		change := func(f func()) { mu.Lock(); defer mu.Unlock(); f() }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.run(ctx) }()
		h.setLinks([]link{testLink("eth0", 3, "10.0.0.2/24")})
		time.Sleep(10 * time.Second)
		wants("0 eth0 TYPE PTR3 SRV4002 TXT 10.0.0.2; 1 eth0 TYPE PTR3 SRV4002 TXT 10.0.0.2")
		time.Sleep(time.Hour)
		if n := strings.Count(take(), "SRV4002"); n < 3600/96 || n > 3600/84+1 {
			t.Errorf("told %d times in an hour, want once in 84 to 96 s", n)
		}
		change(func() { data.tcp = 0 })
		h.look()
		time.Sleep(time.Hour)
		wants("3610 eth0 -PTR3 -SRV4002 -10.0.0.2; 3611 eth0 -PTR3 -SRV4002 -10.0.0.2")
		change(func() { data.tcp, broken = 4002, true })
		h.look()
		synctest.Wait()
		if err := h.failure(); !errors.Is(err, ErrMDNS) || !strings.Contains(err.Error(), "eth0") {
			t.Errorf("a failure shows as %v", err)
		}
		change(func() { broken = false })
		time.Sleep(5500 * time.Millisecond)
		wants("7215 eth0 TYPE PTR3 SRV4002 TXT 10.0.0.2")
		if err := h.failure(); err != nil {
			t.Errorf("after a success: %v", err)
		}
		cancel()
		<-done
		wants("7216 eth0 -PTR3 -SRV4002 -10.0.0.2")
	})
}

// What is told changes with what the service is, and with nothing else.
func TestServiceWakesHerald(t *testing.T) {
	self := Self{Name: "Ann", TCPPort: 4001}
	s, err := New(testKey(1), self, Config{Sources: MDNS})
	if err != nil {
		t.Fatal(err)
	}
	hidden, renamed, moved := self, self, self
	hidden.Hidden, renamed.Name, moved.TCPPort = true, "Bea", 4002
	for _, tt := range []struct {
		why  string
		self Self
		want bool
	}{
		{"the same", self, false},
		{"mDNS tells no name", renamed, false},
		{"another port", moved, true},
		{"hidden", hidden, true},
		{"still hidden", hidden, false},
		{"seen again", moved, true},
	} {
		s.setSelf(tt.self)
		woken := false
		select {
		case <-s.mdns.herald.wake:
			woken = true
		default:
		}
		if woken != tt.want {
			t.Errorf("%s: the herald is woken: %v, want %v", tt.why, woken, tt.want)
		}
	}
}
