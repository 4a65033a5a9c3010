package discovery

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// cacheFlush, in the class of a record, says that it is all there is of its name and
// type: older ones are to be forgotten (RFC 6762, 10.2).
const cacheFlush = 1 << 15

// unasked returns what mDNS is to know about us on a link; nothing if we are not to be
// listed. The names hold the device id, so nobody else has them and no probing precedes.
func unasked(l link, d zoneData) []dns.RR {
	if d.tcp == 0 || d.id.IsZero() {
		return nil
	}
	l.addrs = l.addrs[:min(len(l.addrs), maxListed)] // the message must fit into one packet
	instance, host := (&zone{link: l}).names(d)
	rr := []dns.RR{
		&dns.PTR{Hdr: header(mdnsTypes, dns.TypePTR), Ptr: mdnsSuffix[1:]},
		&dns.PTR{Hdr: header(mdnsSuffix[1:], dns.TypePTR), Ptr: instance},
		srv(instance, host, d.tcp), txt(instance, d, l),
	}
	rr = append(rr, addresses(host, l, dns.TypeANY)...)
	for _, r := range rr {
		if h := r.Header(); h.Rrtype != dns.TypePTR { // others publish under those names too
			h.Class |= cacheFlush
		}
	}
	return rr
}

// unreplaced returns which of the old records others keep unless they are told to
// forget them: those that are not among the new ones and that none of these flushes.
func unreplaced(old, fresh []dns.RR) (list []dns.RR) {
	for _, o := range old {
		stays := func(r dns.RR) bool {
			if o.Header().Rrtype == dns.TypePTR {
				return dns.IsDuplicate(o, r)
			}
			return o.Header().Rrtype == r.Header().Rrtype && strings.EqualFold(o.Header().Name, r.Header().Name)
		}
		if !slices.ContainsFunc(fresh, stays) && !slices.ContainsFunc(list, func(r dns.RR) bool { return dns.IsDuplicate(o, r) }) {
			list = append(list, o)
		}
	}
	return list
}

// withdrawn returns the goodbye for records: they end at once (RFC 6762, 10.1). That
// there is such a service at all is left: others may offer it. So is the text, which
// says nothing without the rest; the client library does not look at the TTL, and with
// the text would take a goodbye for somebody who is there.
func withdrawn(old []dns.RR) (list []dns.RR) {
	for _, o := range old {
		if o.Header().Name == mdnsTypes || o.Header().Rrtype == dns.TypeTXT {
			continue
		}
		r := dns.Copy(o)
		r.Header().Ttl = 0
		list = append(list, r)
	}
	return list
}

// unaskedMessage packs records as a response to no question (RFC 6762, 18).
func unaskedMessage(rr []dns.RR) ([]byte, error) {
	m := dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Compress: true, Answer: rr}
	return m.Pack()
}
