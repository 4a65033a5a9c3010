package discovery

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// When mDNS is told about us unasked: twice when something changes, then so early
// that what others remember never runs out.
const (
	noticeGap     = time.Second // between the two, and at least between any two (RFC 6762, 6 and 8.3)
	noticeRefresh = mdnsTTL * time.Second * 3 / 4
	noticeJitter  = mdnsTTL * time.Second / 20 // earlier or later: before others ask again, at 80 % of the TTL
	noticeRetry   = 5 * time.Second            // after a failure
)

// notices plans what is multicast unasked, one plan for each link. It has no clock.
type notices struct {
	links map[string]*notice // by the name of the interface
}

// notice is the plan of one link.
//
//	set: something changed ──> burst: noticed twice, with what is withdrawn ──> steady: noticed at times
//
// Who is not to be listed is silent after the burst, which then only withdraws.
type notice struct {
	link   link
	absent bool      // the link is not there; it may come back
	want   []dns.RR  // what is to be known about us; none: nothing
	told   []dns.RR  // what others may remember
	gone   []dns.RR  // what they are to forget
	left   int       // of the burst
	next   time.Time // when it is due; zero: never
	last   time.Time // something was sent; zero: never
}

// parcel is a message that is to leave by a link.
type parcel struct {
	link link
	rr   []dns.RR
}

func newNotices() *notices { return &notices{links: map[string]*notice{}} }

// set says on which links to be and what to tell there. again begins anew where
// nothing changed: those who listen may have.
func (n *notices) set(now time.Time, links []link, d zoneData, again bool) {
	for name, p := range n.links {
		if !slices.ContainsFunc(links, func(l link) bool { return l.ifi.Name == name }) {
			p.leave()
		}
		if p.absent && (d.tcp == 0 || now.Sub(p.last) > mdnsTTL*time.Second) {
			delete(n.links, name) // wherever it comes up again, nobody there need learn of us, or nobody remembers
		}
	}
	for _, l := range links {
		p := n.links[l.ifi.Name]
		if p == nil {
			p = &notice{link: l}
			n.links[l.ifi.Name] = p
		}
		p.set(now, l, unasked(l, d), again)
	}
}

// leave notes that the link went. If an adapter takes its place our instance there has
// another name, so the old one is to be withdrawn then.
func (p *notice) leave() {
	p.absent, p.left, p.next = true, 0, time.Time{}
	p.told = slices.DeleteFunc(p.told, func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypePTR })
	p.want, p.gone = nil, nil
}

func (p *notice) set(now time.Time, l link, want []dns.RR, again bool) {
	if l.ifi.Index != p.link.ifi.Index {
		p.leave()
	}
	if len(want) == 0 && (p.absent || !sameLink(l, p.link)) {
		p.told, p.gone = nil, nil // it may be another network, which has not heard of us
	}
	same := !p.absent && slices.EqualFunc(p.want, want, dns.IsDuplicate)
	p.link, p.absent = l, false
	if same && !(again && len(want) > 0) {
		return
	}
	p.gone = unreplaced(slices.Concat(p.gone, p.told), want)
	p.want = want
	p.left = 2
	switch {
	case len(want) == 0 && len(p.gone) == 0:
		p.left, p.next = 0, time.Time{}
	case len(want) == 0 || p.last.IsZero():
		p.next = now
	default:
		p.next = later(now, p.last.Add(noticeGap))
	}
}

// due returns what is to be sent now; sent must follow for each.
func (n *notices) due(now time.Time) (list []parcel) {
	for _, name := range slices.Sorted(maps.Keys(n.links)) {
		if p := n.links[name]; !p.next.IsZero() && !now.Before(p.next) {
			list = append(list, parcel{p.link, slices.Concat(p.want, withdrawn(p.gone))})
		}
	}
	return list
}

// sent notes what became of what was due on a link.
func (n *notices) sent(now time.Time, name string, err error) {
	p := n.links[name]
	p.last = now
	if err != nil {
		p.next = now.Add(noticeRetry)
		return
	}
	p.told = p.want
	p.left = max(0, p.left-1)
	if p.left > 0 {
		p.next = now.Add(noticeGap)
		return
	}
	p.gone, p.next = nil, time.Time{}
	if len(p.want) > 0 {
		p.next = now.Add(noticeRefresh - noticeJitter + rand.N(2*noticeJitter))
	}
}

// next returns when due will have something; zero: never.
func (n *notices) next() (at time.Time) {
	for _, p := range n.links {
		at = earlier(at, p.next)
	}
	return at
}

// farewell withdraws everything, at the end.
func (n *notices) farewell() (list []parcel) {
	for _, name := range slices.Sorted(maps.Keys(n.links)) {
		p := n.links[name]
		if all := withdrawn(unreplaced(slices.Concat(p.gone, p.told), nil)); len(all) > 0 && !p.absent {
			list = append(list, parcel{p.link, all})
		}
	}
	clear(n.links)
	return list
}

// later returns the later of two moments.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
