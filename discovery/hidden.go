package discovery

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/netip"
	"slices"
)

// disguise is who asks while this device is hidden: a key that says nothing. It is
// made anew whenever the device hides and whenever the network changes, so that
// questions tell neither who asks nor that the same one asked elsewhere.
type disguise struct {
	key   ed25519.PrivateKey
	epoch uint64
	seq   uint64
}

func newDisguise(epoch uint64) *disguise {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system's randomness never fails since Go 1.24
	}
	return &disguise{key: key, epoch: epoch}
}

// question encodes a question that nobody is to be listed for: it has no ports and no
// name. addrs are those of the link that it leaves by, which its source address tells anyway.
func (d *disguise) question(n nonce, addrs []netip.Addr) ([]byte, error) {
	d.seq++
	p := &packet{Type: typeQuery, Epoch: d.epoch, Seq: d.seq, Period: minPeriod, Addrs: addrs, Nonce: n}
	copy(p.Key[:], d.key.Public().(ed25519.PublicKey))
	return p.encode(d.key)
}

// hide begins to be hidden, or to be seen again. Whoever listed this device is told
// that it leaves; answers that were due are not given any more.
func (s *Service) hide(on bool) {
	if on && !s.self.Hidden {
		s.sayBye()
		s.later = nil
	}
	s.reg.shy, s.probes.shy = on, on
	s.disguise = nil
	if on {
		s.disguise = newDisguise(uint64(s.cfg.Now().UnixMilli()))
	}
}

// askHidden sends a question in disguise.
func (s *Service) askHidden(to netip.AddrPort, n nonce) {
	var addrs []netip.Addr
	if l, ok := linkOf(s.net.links(), to.Addr()); ok {
		addrs = slices.DeleteFunc(ownAddrs([]link{l}, l.ifi.Name, netip.Addr{}), func(a netip.Addr) bool { return a.Is4() != to.Addr().Is4() })
	}
	data, err := s.disguise.question(n, addrs)
	if err != nil {
		s.log.Warn("cannot make a datagram", "err", err)
		return
	}
	s.write(to, data, nil)
}
