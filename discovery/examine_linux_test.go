package discovery

import (
	"os"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// carried is what one host makes of the other and of its own announcements, one
// character for each carrier of announcements: + it came, - it was sent and did not come.
type carried struct{ own, heard, hears string }

// What the rules below match. Own announcements come back by the interface that they
// leave by, so rules about it count for them too.
const (
	broadcasts  = "ip daddr { 10.77.0.255, 255.255.255.255 } udp dport 21925"
	multicasts4 = "ip daddr 224.0.0.199 udp dport 21925"
	multicasts6 = "ip6 daddr ff12::5959 udp dport 21925"
)

// TestExamineBetweenHosts lets host 1 examine a network on which some carriers are
// blocked, here, there or between.
func TestExamineBetweenHosts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why   string
		block func(lan *vlantest.LAN)
		want  carried
	}{
		{"nothing is blocked", func(*vlantest.LAN) {}, carried{"+++", "+++", "+++"}},
		{"broadcasts do not come in here", func(lan *vlantest.LAN) { lan.Filter(1, broadcasts+" drop") }, carried{"-++", "-++", "+++"}},
		{"IPv4 multicasts do not come in here", func(lan *vlantest.LAN) { lan.Filter(1, multicasts4+" drop") }, carried{"+-+", "+-+", "+++"}},
		{"IPv6 multicasts do not come in here", func(lan *vlantest.LAN) { lan.Filter(1, multicasts6+" drop") }, carried{"++-", "++-", "+++"}},
		{"broadcasts do not come in there", func(lan *vlantest.LAN) { lan.Filter(2, broadcasts+" drop") }, carried{"+++", "+++", "-++"}},
		{"the port is closed there", func(lan *vlantest.LAN) { lan.Filter(2, "udp dport 21925 drop") }, carried{"+++", "+++", "---"}},
		{"the switch eats broadcasts", func(lan *vlantest.LAN) { lan.FilterSwitch(broadcasts + " drop") }, carried{"+++", "-++", "-++"}},
		{"the switch eats multicasts", func(lan *vlantest.LAN) { lan.FilterSwitch("ip daddr 224.0.0.199 drop") }, carried{"+++", "+-+", "+-+"}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel() // they mostly wait
			lan := vlantest.New(t, 2)
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			tt.block(lan)
			b := onHost(t, lan, 2, Broadcast|MDNS, "Bea")
			a := launch(t, lan.Command(1, exe), childConfig{
				Key: 1, Self: Self{Name: "Ann", TCPPort: 4001}, Sources: Broadcast | MDNS, Examine: true,
			})
			a.await("status", ID{}, dead)
			st := a.last().Status
			if len(st.Peers) != 1 || st.Peers[0].ID != b.id || !st.Peers[0].Listed || !st.Peers[0].Tells || st.Peers[0].Here {
				t.Fatalf("examined peers: %+v, %s", st.Peers, a.last().Err)
			}
			p := st.Peers[0]
			var got carried
			for by := range Carrier(groupCarriers) {
				got.heard += mark(p.Heard[by] > 0, p.Missed[by] > 0)
				got.hears += mark(p.Hears.Has(by), true)
				for _, l := range st.Links {
					if l.Name == "eth0" {
						got.own += mark(l.By[by].Own > 0, l.By[by].Sent > 0)
					}
				}
			}
			if got != tt.want {
				t.Errorf("%+v, want %+v; %+v", got, tt.want, st)
			}
			if p.Heard[ByMDNS] == 0 {
				t.Errorf("mDNS did not name the peer: %+v", p)
			}
			t.Logf("heard %v, missed %v; took %v", p.Heard, p.Missed, time.Duration(a.last().At-a.begun.UnixNano()))
		})
	}
}

// mark is one character of carried.
func mark(came, sent bool) string {
	switch {
	case came:
		return "+"
	case sent:
		return "-"
	}
	return " "
}
