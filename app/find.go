package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"yonder/transfer"
)

const (
	// settle is how long after its start the search is given to find everybody who
	// has a name, before a single match counts as the only one.
	settle = 700 * time.Millisecond

	minPrefix  = 4                      // characters of a device id that may stand for it
	againEvery = 500 * time.Millisecond // how often an address that does not answer is tried
	findTime   = 5 * time.Second        // for the last try, however short the wait
)

// Find implements [Backend]. "ID@host:port" demands that the device with that id
// answers there, and binds the address to it.
func (a *App) Find(ctx context.Context, peer string, wait time.Duration) (Person, error) {
	peer = strings.TrimSpace(peer)
	if id, addr, ok := strings.Cut(peer, "@"); ok {
		if want, err := ParseDeviceID(id); err == nil && isAddress(addr) {
			return a.findAddress(ctx, addr, want, wait)
		}
	}
	if isAddress(peer) {
		return a.findAddress(ctx, peer, DeviceID{}, wait)
	}
	return a.findName(ctx, peer, wait)
}

// isAddress reports whether s is "host:port" or a bare IP address.
func isAddress(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		_, err := netip.ParseAddr(strings.Trim(s, "[]"))
		return err == nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n != 0 && host != "" && !strings.ContainsAny(host, " \t")
}

// findName waits for somebody with this name or id. A match who is present ends the
// wait once the search had time to find a second one; a full id ends it at once.
func (a *App) findName(ctx context.Context, peer string, wait time.Duration) (Person, error) {
	full, err := ParseDeviceID(peer)
	exact := err == nil
	deadline := time.NewTimer(max(0, wait))
	defer deadline.Stop()
	settled := time.NewTimer(max(0, min(wait, settle-time.Since(a.begun))))
	defer settled.Stop()
	sure, late := false, false
	for {
		a.mu.Lock()
		matches, news := a.match(peer), a.news
		if exact {
			matches = matches[:0]
			if p := a.people[full]; p != nil {
				matches = append(matches, a.view(p))
			}
		}
		a.mu.Unlock()
		switch {
		case len(matches) > 1 && (sure || late):
			return Person{}, ambiguous(peer, matches)
		case len(matches) == 1 && (late || matches[0].Present && (sure || exact)):
			return matches[0], nil
		case late:
			return Person{}, newProblem(CodeNotFound, peer, "")
		}
		select {
		case <-news:
		case <-settled.C:
			sure = true
		case <-deadline.C:
			late = true
		case <-ctx.Done():
			return Person{}, ctx.Err()
		case <-a.ctx.Done():
			return Person{}, errClosing
		}
	}
}

// match returns everybody whom peer may mean, present or not. Names written exactly
// so come before those that differ in case; but nobody is passed over for somebody
// who is trusted less. The caller holds mu.
func (a *App) match(peer string) []Person {
	var exact, folded []Person
	want, fold, prefix := cleanName(peer), foldName(peer), strings.ToUpper(peer)
	best := Level(-1)
	for _, p := range a.people {
		switch {
		case !p.listed:
		case p.rec.Name == want || len(peer) >= minPrefix && strings.HasPrefix(p.rec.ID.String(), prefix):
			exact = append(exact, a.view(p))
			best = max(best, p.rec.Level)
		case foldName(p.rec.Name) == fold:
			folded = append(folded, a.view(p))
		}
	}
	if len(exact) > 0 {
		folded = slices.DeleteFunc(folded, func(p Person) bool { return p.Level <= best })
	}
	return append(exact, folded...)
}

func ambiguous(peer string, matches []Person) *Problem {
	var ids []string
	for _, p := range matches {
		ids = append(ids, p.ID.String())
	}
	slices.Sort(ids)
	return newProblem(CodeAmbiguous, peer, strings.Join(ids, "\n"))
}

// findAddress connects to addr, again until wait has passed, and remembers who
// answered. want is who must answer; zero: whoever is bound to addr, else anybody.
func (a *App) findAddress(ctx context.Context, addr string, want DeviceID, wait time.Duration) (Person, error) {
	begun := time.Now()
	for {
		trying, cancel := context.WithTimeout(ctx, max(findTime, wait-time.Since(begun)))
		p, err := a.tryAddress(trying, addr, want)
		cancel()
		switch {
		case err == nil:
			return p, nil
		case ctx.Err() != nil:
			return Person{}, ctx.Err()
		case !errors.Is(err, transfer.ErrUnreachable) || time.Since(begun)+againEvery > wait:
			return Person{}, addressProblem(err, addr)
		}
		select {
		case <-time.After(againEvery):
		case <-ctx.Done():
			return Person{}, ctx.Err()
		case <-a.ctx.Done():
			return Person{}, errClosing
		}
	}
}

func (a *App) tryAddress(ctx context.Context, addr string, want DeviceID) (Person, error) {
	addrs, err := resolve(ctx, addr)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", transfer.ErrUnreachable, err)
	}
	chosen := !want.IsZero()
	a.mu.Lock()
	bound := a.boundTo(addr, addrs)
	if bound != nil && !chosen {
		want = bound.rec.ID
	}
	a.mu.Unlock()
	s, err := a.node.Connect(ctx, transfer.ID(want), addrs)
	if err != nil {
		if errors.Is(err, transfer.ErrWrongPeer) && bound != nil && !chosen {
			a.mu.Lock()
			a.mark(bound, addr)
			a.mu.Unlock()
		}
		return Person{}, err
	}
	peer := s.Peer()
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.person(DeviceID(peer.ID), peer.Name)
	if chosen {
		a.unbind(addr, addrs, p.rec.ID)
	}
	if at, ok := listens(peer); ok && peer.Dialled {
		a.proved(p, at, addr, true)
	} else {
		a.proved(p, addrs[0], addr, true)
	}
	a.remember(p)
	a.savePerson(p)
	a.show(p)
	a.keepTyped(addr, p.rec.ID)
	return a.view(p), nil
}

// resolve returns the addresses that host:port stands for; without a port it is [DefaultPort].
func resolve(ctx context.Context, addr string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), strconv.Itoa(DefaultPort)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), uint16(n))}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		if at := netip.AddrPortFrom(ip.Unmap(), uint16(n)); !slices.Contains(addrs, at) && len(addrs) < 16 {
			addrs = append(addrs, at)
		}
	}
	return addrs, nil
}

// addressProblem words an error of dialling what the user typed.
func addressProblem(err error, addr string) *Problem {
	p := problemOf(err, addr)
	var dns *net.DNSError
	if errors.As(err, &dns) {
		p = newProblem(CodeUnreachable, addr, dns.Err)
		p.Hint = "check the spelling of the host name, or give the IP address"
	}
	return p
}
