package app

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"yonder/app/computer"
	"yonder/discovery"
)

// facts are what the doctor looks at before it concludes anything.
type facts struct {
	mode      string // how people are looked for, as [Me.Discovery]
	searching bool   // the search runs
	status    discovery.Status
	err       error // of the examination

	visible   Visibility
	listening string // "HOST:PORT"; empty: nobody listens
	port      uint16 // that is used, or would be
	wanted    uint16 // that should be
	taken     bool   // wanted is used by somebody else
	taker     computer.Process
	udpTaker  computer.Process
	reached   bool // somebody has connected to us

	firewalls []computer.Firewall
	outlet    string // interface that leads to the Internet; empty: none
	tunnel    bool   // which is one that we do not use, as those of VPNs
	peers     []peerFacts
	unknown   []unknownAddress
}

// peerFacts are one device that should be reached.
type peerFacts struct {
	id        DeviceID // zero: whoever is there
	name      string
	present   bool
	connected bool
	wanted    bool                  // the user gave an address of it, now or earlier
	asked     bool                  // now
	seen      *discovery.PeerStatus // nil: not by the search
	addrs     []AddressFact
	skew      time.Duration
}

// unknownAddress is one that the user gave and that leads nowhere.
type unknownAddress struct{ addr, cause string }

// Doctor implements [Backend]. The network is examined first, because that shows who is
// there; then everything else is looked at side by side.
func (a *App) Doctor(ctx context.Context, addrs []string) (Report, error) {
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.ctx, cancel)()

	var f facts
	f.look(ctx, a.finder())
	a.ourFacts(&f)
	a.peopleFacts(&f)
	f.addressFacts(ctx, addrs)
	var work sync.WaitGroup
	work.Go(func() { a.tryPeers(ctx, f.peers) })
	work.Go(func() { f.system(ctx) })
	work.Wait()
	if a.ctx.Err() != nil {
		return Report{}, errClosing
	}
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	r := f.report()
	r.At, r.TookMS, r.Findings = begun, time.Since(begun).Milliseconds(), conclude(&f)
	return r, nil
}

// look has the search examine the network; without one it only lists interfaces.
func (f *facts) look(ctx context.Context, search finder) {
	if search == nil {
		f.status.Links, f.err = discovery.Interfaces()
		return
	}
	f.searching = true
	f.status, f.err = search.Examine(ctx)
}

// ourFacts adds what App knows of its listener.
func (a *App) ourFacts(f *facts) {
	a.mu.Lock()
	f.mode, f.listening, f.visible = a.me.Discovery, a.me.Listening, a.visibility().now
	f.port, f.wanted = a.network.port, uint16(a.port())
	listen := a.network.listen
	for _, p := range a.people {
		f.reached = f.reached || slices.ContainsFunc(p.sessions, func(s session) bool { return !s.Peer().Dialled })
	}
	a.mu.Unlock()
	switch {
	case f.port != 0:
		f.taken = f.port != f.wanted
	default: // would it be free?
		f.port = f.wanted
		if listen == nil {
			listen = func(port int) (net.Listener, error) { return net.Listen("tcp", ":"+strconv.Itoa(port)) }
		}
		ln, err := listen(int(f.wanted))
		if err != nil {
			f.taken = true
			return
		}
		ln.Close()
	}
}

// peopleFacts adds who is around, and who was and may be: those who are here, then those
// who were here last.
func (a *App) peopleFacts(f *facts) {
	a.mu.Lock()
	people := make([]Person, 0, len(a.people))
	manual := map[string]bool{} // addresses that the user gave
	for _, p := range a.people {
		people = append(people, a.view(p))
		for _, place := range p.rec.Addresses {
			if place.Manual {
				manual[p.rec.ID.String()+place.Addr] = true
			}
		}
	}
	a.mu.Unlock()
	slices.SortFunc(people, func(x, y Person) int {
		if x.Present != y.Present {
			if x.Present {
				return -1
			}
			return 1
		}
		return cmp.Or(y.LastSeen.Compare(x.LastSeen), slices.Compare(x.ID[:], y.ID[:]))
	})
	absent := 0
	for _, p := range people {
		one := peerFacts{id: p.ID, name: p.Name, present: p.Present, connected: p.Connected, seen: f.seen(p.ID)}
		for _, at := range p.Addresses[:min(len(p.Addresses), reachPerson)] {
			one.wanted = one.wanted || manual[p.ID.String()+at.Addr]
			one.addrs = append(one.addrs, AddressFact{Addr: at.Addr, Source: at.Source, Near: f.near(at.Addr)})
		}
		if !p.Present {
			if len(one.addrs) == 0 || absent == reachAbsent {
				continue
			}
			absent++
		}
		if len(f.peers) < reachInAll {
			f.peers = append(f.peers, one)
		}
	}
	for i, s := range f.status.Peers { // whom only mDNS names
		known := slices.ContainsFunc(f.peers, func(p peerFacts) bool { return p.id == DeviceID(s.ID) })
		if known || s.Listed || s.Heard[discovery.ByMDNS] == 0 || len(f.peers) == reachInAll {
			continue
		}
		one := peerFacts{id: DeviceID(s.ID), name: DeviceID(s.ID).Short(), seen: &f.status.Peers[i]}
		for _, at := range s.Addrs[:min(len(s.Addrs), reachPerson)] {
			one.addrs = append(one.addrs, AddressFact{Addr: at.AddrPort.String(), Source: at.Source.String(), Near: f.near(at.AddrPort.String())})
		}
		f.peers = append(f.peers, one)
	}
}

// addressFacts adds the addresses that the user asked about.
func (f *facts) addressFacts(ctx context.Context, addrs []string) {
	for _, addr := range addrs {
		addr = strings.TrimSpace(addr)
		looking, cancel := context.WithTimeout(ctx, reachTime)
		all, err := resolve(looking, addr)
		cancel()
		if err == nil && len(all) == 0 {
			err = errors.New("no address")
		}
		if err != nil {
			f.unknown = append(f.unknown, unknownAddress{addr, cause(err)})
			continue
		}
		one := peerFacts{name: addr, wanted: true, asked: true}
		for _, at := range all[:min(len(all), reachPerson)] {
			one.addrs = append(one.addrs, AddressFact{Addr: at.String(), Source: "manual", Near: f.near(at.String())})
		}
		f.peers = append(f.peers, one)
	}
}

// system adds what the rest of this computer does to our traffic.
func (f *facts) system(ctx context.Context) {
	var used []string
	for _, l := range f.links() {
		used = append(used, l.Name)
	}
	f.firewalls = computer.Firewalls(ctx, computer.Ports{TCP: f.port, UDP: discovery.DefaultPort}, used)
	if f.taken {
		f.taker = computer.PortOwner("tcp", f.wanted)
	}
	if errors.Is(f.status.Err, discovery.ErrPortTaken) {
		f.udpTaker = computer.PortOwner("udp", discovery.DefaultPort)
	}
	outlet, ok := computer.DefaultInterface()
	if !ok {
		return
	}
	f.outlet = outlet.Name
	f.tunnel = slices.ContainsFunc(f.status.Links, func(l discovery.LinkStatus) bool {
		return l.Name == outlet.Name && (l.Skip == discovery.SkipVirtual || l.Skip == discovery.SkipPointToPoint || l.Skip == discovery.SkipNoGroup)
	})
}

// links returns the interfaces that lead to other computers and are used.
func (f *facts) links() []discovery.LinkStatus {
	return slices.DeleteFunc(slices.Clone(f.status.Links), func(l discovery.LinkStatus) bool { return l.Skip != "" || l.Loopback })
}

// near reports whether an address is on one of our own networks, or this computer itself.
func (f *facts) near(addr string) bool {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return false
	}
	return at.Addr().IsLoopback() || slices.ContainsFunc(f.status.Links, func(l discovery.LinkStatus) bool { return l.Skip == "" && l.Reaches(at.Addr()) })
}

// seen returns what the search saw of a device.
func (f *facts) seen(id DeviceID) *discovery.PeerStatus {
	for i := range f.status.Peers {
		if DeviceID(f.status.Peers[i].ID) == id {
			return &f.status.Peers[i]
		}
	}
	return nil
}

// report writes the facts as front ends see them.
func (f *facts) report() Report {
	r := Report{Listening: f.listening, Discovery: f.mode}
	for _, l := range f.status.Links {
		out := LinkFacts{Name: l.Name, Skipped: string(l.Skip), Problem: errText(l.Err)}
		for _, p := range l.Addrs {
			out.Addresses = append(out.Addresses, p.String())
		}
		for by := range discovery.Carrier(discovery.Carriers) {
			if t := l.By[by]; t.Sent+t.Own+t.Heard > 0 || t.Err != nil {
				out.Carriers = append(out.Carriers, CarrierFacts{by.String(), t.Sent, t.Own, t.Heard, errText(t.Err)})
			}
		}
		r.Links = append(r.Links, out)
	}
	for _, p := range f.peers {
		out := PeerFacts{ID: p.id, Name: p.name, Present: p.present, Addresses: p.addrs, SkewMS: p.skew.Milliseconds()}
		if s := p.seen; s != nil {
			out.Here, out.Answered = s.Here, s.Tells
			for by := range discovery.Carrier(discovery.Carriers) {
				if s.Heard[by] > 0 {
					out.Heard = append(out.Heard, by.String())
				} else if s.Missed[by] > 0 {
					out.Missed = append(out.Missed, by.String())
				}
				if s.Tells && s.Hears.Has(by) {
					out.HearsUs = append(out.HearsUs, by.String())
				}
			}
		}
		r.Peers = append(r.Peers, out)
	}
	for _, w := range f.firewalls {
		r.Firewalls = append(r.Firewalls, FirewallFact{w.Name, cmp.Or(string(w.TCP), "unknown"), cmp.Or(string(w.UDP), "unknown"), w.Where})
	}
	return r
}

// errText returns the cause of an error of the network, without the addresses before it.
func errText(err error) string {
	if err == nil {
		return ""
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return cut(err.Error(), 300, 1200)
}
