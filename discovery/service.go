package discovery

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// network is what the service needs of the host. Tests have another one.
type network interface {
	refresh() (changed bool, err error)
	links() []link
	interfaces() []Interface
	ownPort() uint16
	received() <-chan datagram
	announce(round int, build builder) []departure
	send(to netip.AddrPort, data []byte, via *conn) error
	close()
}

// Service discovers. Make it with [New].
type Service struct {
	key   crypto.Signer
	id    ID
	cfg   Config
	log   *slog.Logger
	board *board

	posts   chan func() // to be called by the loop
	begun   atomic.Bool
	done    chan struct{} // closed when Run is about to return
	wg      sync.WaitGroup
	endLock sync.Mutex   // orders wg.Add in Events against wg.Wait in Run
	ended   bool         // guarded by endLock
	zone    atomic.Value // zoneData, for the mDNS servers

	// What follows belongs to the loop.
	ctx      context.Context
	self     Self
	disguise *disguise // who asks while self is hidden; else nil
	seq      uint64
	net      network
	mdns     *browser // nil: not used
	reg      *registry
	probes   *prober
	limit    *limiter
	plan     schedule
	later    []answer
	ledger   ledger
	hearsay  map[ID]*hearsay // by mDNS
	polled   time.Time
	turned   time.Time
	netErr   lasting
	mdnsErr  lasting
	cloneErr error
}

// answer is a reply that is due.
type answer struct {
	at time.Time
	to netip.AddrPort
}

const pollEvery = 2 * time.Second // how often the interfaces are looked at

// New returns a service that speaks with the Ed25519 key.
func New(key crypto.Signer, self Self, cfg Config) (*Service, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("discovery needs an Ed25519 key, not %T", key.Public())
	}
	if cfg.Port == 0 {
		cfg.Port = DefaultPort
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().Round(0) } // without the monotonic clock, which stops in sleep
	}
	if cfg.Epoch == 0 {
		cfg.Epoch = uint64(cfg.Now().UnixMilli())
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := &Service{key: key, id: KeyID(public), cfg: cfg, log: cfg.Log, board: newBoard(cfg.Now),
		posts: make(chan func(), 16), done: make(chan struct{}), limit: newLimiter(),
		ledger: ledger{}, hearsay: map[ID]*hearsay{}}
	s.reg, s.probes = newRegistry(s.id, cfg.Port), newProber(cfg.Port)
	s.reg.canProve, s.probes.canProve = cfg.Prove != nil, cfg.Prove != nil
	s.probes.known = s.reg.known
	for _, k := range cfg.Cache {
		s.reg.known[k.ID] = true
	}
	if self.Hidden {
		s.self.Hidden = true // nobody was told of us, so nobody is told goodbye
		s.hide(true)
	}
	s.setSelf(self)
	s.net = newSockets(cfg.Port, cfg.Interfaces, cfg.Sources&Broadcast != 0)
	if cfg.Sources&MDNS != 0 {
		s.mdns = newBrowser(cfg.Sources&Broadcast != 0, func() zoneData { return s.zone.Load().(zoneData) },
			func(l link, list []candidate, err error) {
				s.order(func() { s.heardMDNS(s.cfg.Now(), l, list, err) })
			},
			func(err error) {
				s.order(func() {
					if s.mdnsErr.see(err) {
						s.showTrouble()
					}
				})
			})
	}
	return s, nil
}

// ID returns the id of this device.
func (s *Service) ID() ID { return s.id }

// Run discovers until ctx ends; it may be called once. It then says goodbye and
// returns nil when everything it started has ended: at once, or within half a
// second if mDNS is just asking. Failures of the network are no reason to
// return: those that last are shown as [Trouble], and all are tried again.
func (s *Service) Run(ctx context.Context) error {
	if !s.begun.CompareAndSwap(false, true) {
		return errors.New("discovery: Run was called before")
	}
	s.ctx = ctx
	s.refresh(s.cfg.Now())
	if s.mdns != nil {
		s.wg.Go(func() { s.mdns.run(ctx) })
	}
	s.loop(ctx)
	s.sayBye()
	s.endLock.Lock()
	s.ended = true
	s.endLock.Unlock()
	close(s.done)
	s.net.close()
	s.wg.Wait()
	return nil
}

// loop owns the state. Everything that touches it happens in here.
func (s *Service) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-s.net.received():
			s.receive(s.cfg.Now(), d)
		case f := <-s.posts:
			f()
		case <-timer.C:
		}
		now := s.cfg.Now()
		s.turn(now)
		timer.Reset(max(0, min(s.wake().Sub(now), pollEvery)))
	}
}

// wake returns when turn has something to do.
func (s *Service) wake() time.Time {
	at := earlier(s.polled.Add(pollEvery), earlier(s.reg.next(), s.probes.next()))
	if s.cfg.Sources&Broadcast != 0 {
		at = earlier(at, s.plan.next())
	}
	for _, a := range s.later {
		at = earlier(at, a.at)
	}
	return at
}

// turn does what is due.
func (s *Service) turn(now time.Time) {
	if gap := now.Sub(s.turned); !s.turned.IsZero() && (gap > 2*minPeriod || gap < -time.Second) {
		s.log.Debug("the clock jumped", "by", gap)
		s.reg.shift(gap)
		s.probes.shift(gap)
		s.limit = newLimiter()
		s.polled, s.later = time.Time{}, nil
		s.renew(now)
	}
	s.turned = now
	if now.Sub(s.polled) >= pollEvery {
		s.refresh(now)
	}
	for _, a := range s.later {
		if !a.at.After(now) {
			s.send(a.to, nil, &packet{Type: typeReply})
		}
	}
	s.later = slices.DeleteFunc(s.later, func(a answer) bool { return !a.at.After(now) })
	if s.cfg.Sources&Broadcast != 0 {
		if send, round := s.plan.due(now, s.period()); send && !s.self.Hidden {
			s.announce(typeAnnounce, round)
		}
	}
	d := s.reg.tick(now)
	s.board.post(d.news)
	for _, q := range d.ask {
		s.ask(now, sent{to: q.to})
	}
	for _, q := range d.prove {
		s.proveSilent(q)
	}
	p := s.probes.tick(now)
	for _, q := range p.ask {
		s.ask(now, q)
	}
	for _, c := range p.prove {
		s.proveCandidate(c)
	}
}

// period returns the time between our announcements: the more peers, the longer,
// so that the whole network carries no more than about 13 of them a second.
func (s *Service) period() time.Duration {
	p := time.Duration(s.reg.listedCount()) * time.Second / 12
	return min(max(p, minPeriod), maxPeriod).Round(time.Second / 10)
}

// refresh looks at the interfaces.
func (s *Service) refresh(now time.Time) {
	s.polled = now
	changed, err := s.net.refresh()
	if s.netErr.see(err) {
		s.showTrouble()
	}
	s.storeZone()
	if s.mdns != nil {
		s.mdns.peers.Store(int64(s.reg.listedCount()))
	}
	if changed {
		if s.self.Hidden {
			s.hide(true)
		}
		s.log.Debug("network changed", "links", len(s.net.links()))
		s.board.networkChanged()
		s.ledger.keep(func(name string) bool {
			return slices.ContainsFunc(s.net.links(), func(l link) bool { return l.ifi.Name == name })
		})
		if s.mdns != nil {
			s.mdns.setLinks(slices.DeleteFunc(slices.Clone(s.net.links()), link.loopback)) // mDNS does not work there
		}
		s.renew(now)
	}
}

// renew begins again, after the network changed or the host slept.
func (s *Service) renew(now time.Time) {
	s.plan.begin(now)
	s.probes.forget()
	s.reg.recheck(now)
	for _, k := range s.cfg.Cache {
		for _, a := range k.Addrs[:min(len(k.Addrs), 4)] {
			c := candidate{addr: a.Addr().Unmap(), tcp: a.Port(), source: Cache, want: k.ID}
			s.consider(now, s.missing([]candidate{c}))
		}
	}
	if s.mdns != nil {
		s.mdns.askNow()
	}
}

func (s *Service) showTrouble() {
	err := errors.Join(s.netErr.err, s.mdnsErr.err, s.cloneErr)
	if s.board.setTrouble(err) && err != nil {
		s.log.Warn("peers may not be found", "err", err)
	}
}

// missing returns those candidates that are not known to be there.
func (s *Service) missing(list []candidate) []candidate {
	return slices.DeleteFunc(list, func(c candidate) bool {
		e := s.reg.entries[c.want]
		return e != nil && !e.gone && e.find(c.addr) != nil
	})
}

// consider asks candidates, except where it makes no sense.
func (s *Service) consider(now time.Time, list []candidate) {
	for _, c := range list {
		if c.want == s.id || !c.addr.IsValid() || c.addr.IsUnspecified() || c.addr.IsMulticast() {
			continue
		}
		if l, ok := linkOf(s.net.links(), c.addr); ok {
			c.iface = l.ifi.Name
			if l.broadcasts(c.addr) {
				continue // everybody would answer
			}
		} else if c.source != Cache && c.source != Manual && c.source != Gossip {
			continue // only the user, an earlier connection and a trusted peer may lead us off our links
		}
		s.probes.add(now, c, nil)
	}
}

// setSelf changes what is announced.
func (s *Service) setSelf(self Self) {
	self.Name = CleanName(self.Name)
	s.self = self
	s.storeZone()
}

func (s *Service) storeZone() {
	d := zoneData{id: s.id, tcp: s.self.TCPPort}
	if s.self.Hidden {
		d.tcp = 0
	}
	if s.net != nil {
		d.udp = s.net.ownPort()
	}
	if old := s.zone.Swap(d); old != d && s.mdns != nil {
		s.mdns.changed()
	}
}

// order has the loop call f and returns without waiting for it to be done. What
// is ordered before Run is done when that begins, and nothing once it has ended.
func (s *Service) order(f func()) {
	select {
	case s.posts <- f:
	case <-s.done:
	}
}

// spread returns a moment within limit, so that many hosts do not answer at once.
func (s *Service) spread(limit time.Duration) time.Duration {
	return rand.N(min(limit, time.Duration(len(s.reg.entries)+1)*2*time.Millisecond))
}
