package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/mdns"
)

// mdnsWindows are how long the first queries collect answers. Entries can only
// be read when a query is over (hashicorp/mdns#75), so the first one is short:
// on a quiet wired network everybody is found by it. The last one repeats.
var mdnsWindows = []time.Duration{100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond}

// mdnsPauses are the times between them; after the last one a period ± 20 %.
var mdnsPauses = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, 2 * time.Second}

// Everybody answers every query, so on a link where announcements are heard mDNS is calm: it
// asks once in mdnsCalm, the first time at any moment within that, unless a person wants to see
// who is there. A hundred hosts that begin together would be busy with the answers. Who hears
// no announcements asks at once and again, and is found by that.
const (
	mdnsAfter = 100 * time.Millisecond // the first announcements, as long again at most
	mdnsCalm  = 30 * time.Minute
	heardTime = 2 * maxPeriod // that an announcement counts
)

// Bounds of the period. Between them it grows with the network: each host hears the queries
// of all others and is told the answers of all to its own.
const (
	mdnsPeriod    = 45 * time.Second
	mdnsMaxPeriod = 5 * time.Minute
	mdnsPerPeer   = 1500 * time.Millisecond
)

// mdnsPause is the time after the query of a step, where so many peers are known.
func mdnsPause(step, peers int) time.Duration {
	if step < len(mdnsPauses) {
		return mdnsPauses[step]
	}
	period := min(max(mdnsPeriod, time.Duration(peers)*mdnsPerPeer), mdnsMaxPeriod)
	return period*8/10 + rand.N(period*4/10)
}

// browser is the mDNS source: a server for each link, a herald that tells unasked what
// they answer, and a client that asks on each link in turn, one query at a time because
// their sockets compete on Windows. What it finds are candidates, no more.
type browser struct {
	data   func() zoneData                            // for the servers; called from their goroutines
	asked  func(l link, found []candidate, err error) // after each question; called from run's goroutine
	fail   func(error)                                // what does not work, or nil; called from run's goroutine
	second bool                                       // there are announcements too

	herald *herald
	peers  atomic.Int64 // that are known
	mu     sync.Mutex
	links  []link               // guarded by mu
	heard  map[string]time.Time // guarded by mu: when an announcement came last on an interface
	news   bool                 // guarded by mu: links were set since run looked
	wake   chan struct{}        // capacity 1: look at links, ask now
}

func newBrowser(second bool, data func() zoneData, asked func(link, []candidate, error), fail func(error)) *browser {
	return &browser{second: second, data: data, asked: asked, fail: fail, herald: newHerald(data), heard: map[string]time.Time{}, wake: make(chan struct{}, 1)}
}

// setLinks says on which links to be; servers are made anew, and everybody is told and asked.
func (b *browser) setLinks(links []link) {
	b.mu.Lock()
	b.links, b.news = links, true
	clear(b.heard)
	b.mu.Unlock()
	b.herald.setLinks(links)
	b.askNow()
}

// announced says that somebody was heard on an interface without mDNS.
func (b *browser) announced(now time.Time, iface string) {
	b.mu.Lock()
	b.heard[iface] = now
	b.mu.Unlock()
}

// calm reports whether announcements are heard on a link.
func (b *browser) calm(now time.Time, l link) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Sub(b.heard[l.ifi.Name]) < heardTime
}

// changed says that data returns something else.
func (b *browser) changed() { b.herald.look() }

// askNow begins the round of queries again, and tells everybody again.
func (b *browser) askNow() {
	b.herald.repeat()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run serves and asks until ctx ends. A query under way then takes up to half
// a second more: the library does not return before its window is over.
func (b *browser) run(ctx context.Context) {
	var telling sync.WaitGroup
	telling.Go(func() { b.herald.run(ctx) })
	defer telling.Wait()
	data := func() zoneData {
		if ctx.Err() != nil {
			return zoneData{} // the herald has taken back what an answer would tell again
		}
		return b.data()
	}
	var links []link
	var servers []*mdns.Server
	stop := func() {
		for _, s := range servers {
			_ = s.Shutdown() // always nil
		}
		servers = nil
	}
	defer func() { stop() }()
	asked := map[string]time.Time{} // by the name of the interface
	polite := false                 // where announcements are heard even the first query can wait
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for step := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-b.wake:
			step = 0
			b.mu.Lock()
			fresh := b.news
			links, b.news = b.links, false
			b.mu.Unlock()
			if polite = fresh && b.second; fresh {
				stop()
				servers = serve(links, data)
			}
			if polite { // so that announcements come first
				timer.Reset(mdnsAfter + rand.N(mdnsAfter))
				continue
			}
		}
		var errs []error
		for _, l := range links {
			if ctx.Err() != nil {
				return
			}
			now := time.Now()
			calm := (step > 0 || polite) && b.calm(now, l)
			if calm && asked[l.ifi.Name].IsZero() {
				asked[l.ifi.Name] = now.Add(rand.N(mdnsCalm) - mdnsCalm) // at any moment: others began at the same time
			}
			if calm && now.Sub(asked[l.ifi.Name]) < mdnsCalm {
				continue
			}
			asked[l.ifi.Name] = now
			if err := b.ask(ctx, l, mdnsWindows[min(step, len(mdnsWindows)-1)], calm && l.hasIPv4()); err != nil {
				errs = append(errs, fmt.Errorf("%w on %s: %w", ErrMDNS, l.ifi.Name, err))
			}
		}
		if len(servers) < len(links) { // an address may have been too new to listen with
			stop()
			servers = serve(links, data)
		}
		if len(servers) < len(links) {
			errs = append(errs, fmt.Errorf("%w: another program keeps port 5353 to itself", ErrMDNS))
		}
		b.fail(errors.Join(append(errs, b.herald.failure())...))
		timer.Reset(mdnsPause(step, int(b.peers.Load())))
		step = min(step+1, len(mdnsPauses))
	}
}

// silent takes what the library logs: one line for each foreign packet it cannot read.
var silent = log.New(io.Discard, "", 0)

// serve starts a server on each link; those that fail are left out.
func serve(links []link, data func() zoneData) (servers []*mdns.Server) {
	for _, l := range links {
		ifi := l.ifi
		s, err := mdns.NewServer(&mdns.Config{Zone: newZone(l, data), Iface: &ifi, Logger: silent})
		if err == nil {
			servers = append(servers, s)
		}
	}
	return servers
}

// ask asks on one link and passes on who answers within window. no6: over IPv4 alone.
func (b *browser) ask(ctx context.Context, l link, window time.Duration, no6 bool) error {
	entries := make(chan *mdns.ServiceEntry, maxAsking) // the library drops what does not fit
	query := func(no6 bool) error {
		ifi := l.ifi
		return mdns.QueryContext(ctx, &mdns.QueryParam{
			Service: mdnsService, Domain: mdnsDomain, Timeout: window, Interface: &ifi,
			Entries: entries, DisableIPv6: no6, Logger: silent,
		})
	}
	err := query(no6)
	if err != nil && !no6 && ctx.Err() == nil {
		err = query(true) // a missing IPv6 route fails the whole query (hashicorp/mdns#35)
	}
	close(entries) // the library writes no more once it returned
	var list []candidate
	for e := range entries {
		if strings.HasSuffix(strings.ToLower(e.Name), mdnsSuffix) { // other services come back too (hashicorp/mdns#96)
			list = append(list, parseTXT(e.InfoFields, l)...)
		}
	}
	b.asked(l, list, err)
	return err
}
