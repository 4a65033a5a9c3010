package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"
)

// The service by which mDNS knows us.
const (
	mdnsService = "_yonder._tcp"
	mdnsDomain  = "local"
	mdnsSuffix  = "." + mdnsService + "." + mdnsDomain + "."
	mdnsTypes   = "_services._dns-sd._udp." + mdnsDomain + "."
	mdnsTTL     = 120 // seconds that others may remember us; peers ask on their own
	maxTXT      = 250
)

// zoneData is what mDNS tells about this device.
type zoneData struct {
	id       ID
	tcp, udp uint16 // tcp 0: not to be listed
}

// zone answers the questions that reach one link. Every link has its own
// instance and host name: all servers on a host hear every question, whatever
// link it came by, and with one name their answers would overwrite each other.
type zone struct {
	data  func() zoneData // computed per question
	link  link
	limit *rate.Limiter // answers are longer than questions, whose source may be forged
}

func newZone(l link, data func() zoneData) *zone {
	return &zone{data: data, link: l, limit: rate.NewLimiter(rate.Every(20*time.Millisecond), 100)}
}

// names returns the instance and host names on this link. Both are plain ASCII
// without dots, because the library does not escape them.
func (z *zone) names(d zoneData) (instance, host string) {
	id := strings.ToLower(d.id.String())
	return fmt.Sprintf("%s-%d%s", id, z.link.ifi.Index, mdnsSuffix), fmt.Sprintf("yonder-%s-%d.%s.", id[:16], z.link.ifi.Index, mdnsDomain)
}

// Records implements the library's Zone.
func (z *zone) Records(q dns.Question) []dns.RR {
	d := z.data()
	if d.tcp == 0 || d.id.IsZero() {
		return nil
	}
	instance, host := z.names(d)
	name, kind := strings.ToLower(q.Name), q.Qtype
	is := func(t uint16) bool { return kind == t || kind == dns.TypeANY }
	var rr []dns.RR
	switch {
	case name == mdnsTypes && is(dns.TypePTR):
		rr = []dns.RR{&dns.PTR{Hdr: header(q.Name, dns.TypePTR), Ptr: mdnsService + "." + mdnsDomain + "."}}
	case name == mdnsSuffix[1:] && is(dns.TypePTR):
		rr = append(rr, &dns.PTR{Hdr: header(q.Name, dns.TypePTR), Ptr: instance}, srv(instance, host, d.tcp), txt(instance, d, z.link))
		rr = append(rr, addresses(host, z.link, dns.TypeANY)...)
	case name == instance:
		if is(dns.TypeSRV) {
			rr = append(rr, srv(instance, host, d.tcp))
		}
		if is(dns.TypeTXT) {
			rr = append(rr, txt(instance, d, z.link))
		}
		if is(dns.TypeSRV) {
			rr = append(rr, addresses(host, z.link, dns.TypeANY)...)
		}
	case name == host:
		rr = addresses(host, z.link, kind)
	}
	if len(rr) == 0 || !z.limit.Allow() {
		return nil
	}
	return rr
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: mdnsTTL}
}

func srv(instance, host string, port uint16) dns.RR {
	return &dns.SRV{Hdr: header(instance, dns.TypeSRV), Port: port, Target: host}
}

// txt has the facts that we rely on; A and AAAA records are there for others,
// because the library keeps only one of each.
func txt(instance string, d zoneData, l link) dns.RR {
	var list []string
	for _, p := range l.addrs {
		if a := p.Addr().String(); len(strings.Join(append(list, a), ",")) < maxTXT-len("a=") {
			list = append(list, a)
		}
	}
	return &dns.TXT{Hdr: header(instance, dns.TypeTXT), Txt: []string{
		"v=1", "id=" + d.id.String(), fmt.Sprintf("p=%d", d.tcp), fmt.Sprintf("u=%d", d.udp), "a=" + strings.Join(list, ","),
	}}
}

func addresses(host string, l link, kind uint16) (rr []dns.RR) {
	for _, p := range l.addrs {
		switch a := p.Addr(); {
		case a.Is4() && (kind == dns.TypeA || kind == dns.TypeANY):
			rr = append(rr, &dns.A{Hdr: header(host, dns.TypeA), A: net.IP(a.AsSlice())})
		case a.Is6() && (kind == dns.TypeAAAA || kind == dns.TypeANY):
			rr = append(rr, &dns.AAAA{Hdr: header(host, dns.TypeAAAA), AAAA: net.IP(a.AsSlice())})
		}
	}
	return rr
}

// parseTXT reads what one of us published and that is heard on link l: the
// candidates are the addresses that lie on it. The name is not trusted at all.
func parseTXT(fields []string, l link) (list []candidate) {
	value := func(key string) string {
		for _, f := range fields {
			if v, ok := strings.CutPrefix(f, key+"="); ok {
				return v
			}
		}
		return ""
	}
	id, err := ParseID(value("id"))
	tcp, tcpErr := strconv.ParseUint(value("p"), 10, 16)
	udp, udpErr := strconv.ParseUint(value("u"), 10, 16)
	if value("v") != "1" || err != nil || tcpErr != nil || udpErr != nil || tcp == 0 {
		return nil
	}
	for _, text := range strings.Split(value("a"), ",") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			continue
		}
		a = l.zoned(a.Unmap())
		if !l.has(a) || len(list) == maxListed ||
			slices.ContainsFunc(list, func(c candidate) bool { return c.addr == a }) {
			continue
		}
		list = append(list, candidate{addr: a, tcp: uint16(tcp), udp: uint16(udp), source: MDNS, want: id, iface: l.ifi.Name})
	}
	return list
}
