package app

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"yonder/discovery"
	"yonder/transfer"
)

// seesLink gives the search of h one network, on which it hears other.
func seesLink(h, other *host) {
	link := discovery.LinkStatus{Interface: discovery.Interface{Name: "eth0", Index: 2, Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}}
	link.By[discovery.ByBroadcast] = discovery.Traffic{Sent: 3, Own: 3, Heard: 3}
	p := discovery.PeerStatus{Listed: true, Tells: true, Hears: 1}
	p.ID = discovery.ID(other.id())
	p.Addrs = []discovery.Addr{{AddrPort: other.node.at, Iface: "eth0"}}
	p.Heard[discovery.ByBroadcast] = 3
	h.find.status = discovery.Status{Links: []discovery.LinkStatus{link}, Peers: []discovery.PeerStatus{p}}
}

func TestDoctor(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		h.mu.Lock()
		h.network.listen = func(int) (net.Listener, error) { return nil, syscall.EADDRINUSE }
		h.mu.Unlock()
		seesLink(h, other)
		follow(t, b).sees(other.id())
		r, err := b.Doctor(t.Context(), []string{"10.0.0.77:5", other.node.at.String()})
		if err != nil {
			t.Fatal(err)
		}
		has := func(code string) bool {
			return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code })
		}
		if !has(FoundPeople) || !has(FoundTCPTaken) || !has(FoundAnnouncing) || has(FoundFar) {
			t.Errorf("findings %+v", r.Findings)
		}
		i := slices.IndexFunc(r.Peers, func(p PeerFacts) bool { return p.ID == other.id() && p.Present })
		if i < 0 || !slices.Equal(r.Peers[i].Heard, []string{"broadcast"}) || !slices.Equal(r.Peers[i].HearsUs, []string{"broadcast"}) ||
			r.Peers[i].Addresses[0] != (AddressFact{other.node.at.String(), "broadcast", true, ReachAnswers}) {
			t.Errorf("people %+v", r.Peers)
		}
		if n := len(r.Peers); n != 3 || r.Peers[1].Name != "10.0.0.77:5" || r.Peers[2].ID != other.id() || r.Peers[2].Name != other.Name() {
			t.Errorf("the addresses that were asked about: %+v", r.Peers[1:])
		}
		if len(r.Links) != 1 || len(r.Links[0].Carriers) != 1 || r.Links[0].Carriers[0] != (CarrierFacts{Carrier: "broadcast", Sent: 3, Own: 3, Heard: 3}) {
			t.Errorf("interfaces %+v", r.Links)
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Doctor(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a doctor who is called back says %v", err)
		}
	})
}

func TestDoctorOfAbsentPeople(t *testing.T) {
	l := newLAN()
	h, other := l.add(t, nil), l.add(t, nil)
	seesLink(h, other)
	h.find.status.Peers = nil
	if _, err := h.Find(t.Context(), other.node.at.String(), 0); err != nil { // now its address is one that the user gave
		t.Fatal(err)
	}
	other.node.setDown(true)
	r, err := h.Doctor(t.Context(), nil)
	if err != nil || len(r.Peers) != 1 || r.Peers[0].ID != other.id() || r.Peers[0].Present || len(r.Peers[0].Addresses) != 1 {
		t.Fatalf("%+v, %v", r.Peers, err)
	}
	if f := r.Findings[0]; f.Params["name"] != other.Name() || f.Severity != SeverityWarning {
		t.Errorf("the worst finding is %+v", f)
	}
}

func TestReachOf(t *testing.T) {
	dial := func(err error) error {
		return errors.Join(transfer.ErrUnreachable, &net.OpError{Op: "dial", Net: "tcp", Err: err})
	}
	for err, want := range map[error]Reach{
		nil:                            ReachAnswers,
		transfer.ErrBlocked:            ReachAnswers,
		transfer.ErrWrongPeer:          ReachOther,
		transfer.ErrVersion:            ReachVersion,
		dial(refusedErrors[0]):         ReachRefused,
		dial(unreachableErrors[0]):     ReachNobody,
		dial(unreachableErrors[1]):     ReachNobody,
		context.DeadlineExceeded:       ReachSilent,
		dial(timeoutError{}):           ReachSilent,
		dial(errors.New("bad record")): ReachStrange,
		transfer.ErrProtocol:           ReachStrange,
	} {
		if got := reachOf(err); got != want {
			t.Errorf("reachOf(%v) = %q, want %q", err, got, want)
		}
	}
}

// timeoutError is what the system's own limit of a dial gives.
type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
