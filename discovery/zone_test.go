package discovery

import (
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"
)

func testLink(name string, index int, prefixes ...string) link {
	l := link{ifi: net.Interface{Name: name, Index: index, Flags: net.FlagUp | net.FlagRunning | net.FlagBroadcast | net.FlagMulticast}}
	for _, p := range prefixes {
		l.addrs = append(l.addrs, netip.MustParsePrefix(p))
	}
	return l
}

func TestZoneAnswers(t *testing.T) {
	l := testLink("eth0", 3, "10.0.0.2/24", "fe80::1/64")
	z := newZone(l, func() zoneData { return zoneData{testID(2), 4002, 5000} })
	instance, host := z.names(z.data())
	tests := []struct {
		why  string
		name string
		kind uint16
		want []uint16 // types of the records, in order: the client needs PTR, SRV, TXT, A
	}{
		{"browsing", "_yonder._tcp.local.", dns.TypePTR, []uint16{dns.TypePTR, dns.TypeSRV, dns.TypeTXT, dns.TypeA, dns.TypeAAAA}},
		{"case does not matter", "_YONDER._tcp.Local.", dns.TypeANY, []uint16{dns.TypePTR, dns.TypeSRV, dns.TypeTXT, dns.TypeA, dns.TypeAAAA}},
		{"what services are there", "_services._dns-sd._udp.local.", dns.TypePTR, []uint16{dns.TypePTR}},
		{"one instance", instance, dns.TypeANY, []uint16{dns.TypeSRV, dns.TypeTXT, dns.TypeA, dns.TypeAAAA}},
		{"its text", instance, dns.TypeTXT, []uint16{dns.TypeTXT}},
		{"the host", host, dns.TypeAAAA, []uint16{dns.TypeAAAA}},
		{"another host", "x.local.", dns.TypeA, nil},
		{"another service", "_ipp._tcp.local.", dns.TypePTR, nil},
		{"another type", "_yonder._tcp.local.", dns.TypeA, nil},
	}
	for _, tt := range tests {
		var got []uint16
		for _, rr := range z.Records(dns.Question{Name: tt.name, Qtype: tt.kind, Qclass: dns.ClassINET}) {
			got = append(got, rr.Header().Rrtype)
			if _, err := dns.NewRR(rr.String()); err != nil {
				t.Errorf("%s: record %v: %v", tt.why, rr, err)
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.why, got, tt.want)
		}
	}
	hidden := newZone(l, func() zoneData { return zoneData{testID(2), 0, 5000} })
	if rr := hidden.Records(dns.Question{Name: "_yonder._tcp.local.", Qtype: dns.TypePTR}); rr != nil {
		t.Errorf("a device that is not to be listed answers %v", rr)
	}
	z.limit = rate.NewLimiter(0, 3)
	answered := 0
	for range 1000 {
		if z.Records(dns.Question{Name: "_yonder._tcp.local.", Qtype: dns.TypePTR}) != nil {
			answered++
		}
	}
	if answered != 3 {
		t.Errorf("%d questions were answered where 3 were allowed", answered)
	}
}

func TestZoneFitsIntoRecords(t *testing.T) {
	l := testLink("eth0", 2147483647)
	for range 20 {
		l.addrs = append(l.addrs, netip.MustParsePrefix("2001:db8:1111:2222:3333:4444:5555:6666/64"))
	}
	z := newZone(l, func() zoneData { return zoneData{testID(2), 65535, 65535} })
	m := &dns.Msg{Answer: z.Records(dns.Question{Name: "_yonder._tcp.local.", Qtype: dns.TypePTR})}
	if _, err := m.Pack(); err != nil {
		t.Errorf("the answer cannot be packed: %v", err)
	}
	instance, _ := z.names(z.data())
	if label, _, _ := strings.Cut(instance, "."); len(label) > 63 {
		t.Errorf("label %q is %d bytes long", label, len(label))
	}
}

func TestParseTXT(t *testing.T) {
	l := testLink("eth0", 3, "10.0.0.1/24", "fe80::2/64")
	z := newZone(testLink("eth1", 5, "10.0.0.2/24", "fe80::1/64"), func() zoneData { return zoneData{testID(2), 4002, 5000} })
	ours := txt("x", z.data(), z.link).(*dns.TXT).Txt
	edit := func(key, value string) []string {
		var out []string
		for _, f := range ours {
			if !strings.HasPrefix(f, key+"=") {
				out = append(out, f)
			}
		}
		return append(out, key+"="+value)
	}
	tests := []struct {
		why    string
		fields []string
		want   []string
	}{
		{"what we publish", ours, []string{"10.0.0.2", "fe80::1%eth0"}},
		{"unknown fields", append([]string{"z=1", "flag"}, ours...), []string{"10.0.0.2", "fe80::1%eth0"}},
		{"another version", edit("v", "2"), nil},
		{"no id", edit("id", "me"), nil},
		{"no port", edit("p", ""), nil},
		{"port 0 takes no connections", edit("p", "0"), nil},
		{"a port that is none", edit("p", "65536"), nil},
		{"addresses of other networks lead nowhere", edit("a", "8.8.8.8,192.168.1.1,2001:db8::1"), nil},
		{"nor do loopback, groups and nonsense", edit("a", "127.0.0.1,224.0.0.1,0.0.0.0,,x,fe80::1%eth9"), nil},
		{"the same address twice", edit("a", "10.0.0.9,10.0.0.9,::ffff:10.0.0.9"), []string{"10.0.0.9"}},
		{"a hundred addresses", edit("a", strings.TrimSuffix(strings.Repeat("10.0.0.7,10.0.0.8,", 50), ",")), []string{"10.0.0.7", "10.0.0.8"}},
		{"nothing", nil, nil},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range parseTXT(tt.fields, l) {
			got = append(got, c.addr.String())
			if c.want != testID(2) || c.tcp != 4002 || c.udp != 5000 || c.source != MDNS {
				t.Errorf("%s: %+v", tt.why, c)
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func FuzzParseTXT(f *testing.F) {
	f.Add("v=1|id=" + testID(2).String() + "|p=4002|u=5000|a=10.0.0.2,fe80::1")
	l := testLink("eth0", 3, "10.0.0.1/24", "fe80::2/64")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range parseTXT(strings.Split(text, "|"), l) {
			if !l.has(c.addr) || c.tcp == 0 || c.want.IsZero() {
				t.Fatalf("parseTXT(%q) gives %+v", text, c)
			}
		}
	})
}
