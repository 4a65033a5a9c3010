package app

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"yonder/discovery"
	"yonder/transfer"
)

// network is the listener and the search of an [App]. It is guarded by App.mu.
type network struct {
	door    *door                                // nil: nobody can send to us
	port    uint16                               // of door; 0: none
	wanted  int                                  // port that door was opened for
	look    func(finderConfig) (finder, error)   // makes the search; nil: there is none
	search  finder                               // nil: not looking
	mode    string                               // of search
	stop    context.CancelFunc                   // of search
	trouble string                               // of search, as last told
	local   func() ([]netip.Addr, error)         // addresses of this device; nil: those of the system
	listen  func(port int) (net.Listener, error) // nil: the system's
}

// finder returns the search that runs now, nil if none does.
func (a *App) finder() finder {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.network.search
}

// runNode serves connections until Close. The caller of start made the door.
func (a *App) runNode() {
	a.mu.Lock()
	var ln net.Listener
	if a.network.door != nil {
		ln = a.network.door
	}
	a.mu.Unlock()
	err := a.node.Run(a.ctx, ln)
	if err != nil && a.ctx.Err() == nil {
		a.mu.Lock()
		a.tell(newProblem(CodeInternal, "", err.Error()))
		a.mu.Unlock()
	}
}

// openDoor listens at the wanted port, or at any free one if that is taken, which
// it tells. The caller holds mu.
func (a *App) openDoor() error {
	want := a.port()
	listen := a.network.listen
	if listen == nil {
		listen = func(port int) (net.Listener, error) { return net.Listen("tcp", ":"+strconv.Itoa(port)) }
	}
	ln, err := listen(want)
	if err != nil {
		first := err
		if ln, err = listen(0); err != nil {
			p := newProblem(CodePortTaken, strconv.Itoa(want), "")
			p.Text = "cannot listen at any port: " + err.Error()
			p.Hint = "sending still works; check the firewall and the limits of this system"
			return p
		}
		p := newProblem(CodePortTaken, strconv.Itoa(want), "")
		p.Detail = strconv.Itoa(int(portOf(ln)))
		p.Hint = "port " + p.Detail + " is used instead; " + p.Hint
		a.log.Info("port taken", "port", want, "err", first)
		a.tell(p)
	}
	if a.network.door == nil {
		a.network.door = newDoor()
	}
	a.network.door.open(ln)
	a.network.port, a.network.wanted = portOf(ln), want
	return nil
}

func portOf(ln net.Listener) uint16 {
	if at, err := netip.ParseAddrPort(ln.Addr().String()); err == nil {
		return at.Port()
	}
	return 0
}

// applyNetwork moves listener and search to what the settings say now. The caller
// holds mu.
func (a *App) applyNetwork() {
	if a.network.door != nil && a.port() != a.network.wanted {
		if err := a.openDoor(); err != nil {
			a.tell(AsProblem(err))
		}
		a.stopFinder() // it announces and listens at the new port
	}
	if a.searchMode() != a.network.mode {
		a.stopFinder()
	}
	if a.network.search == nil && a.node != nil {
		a.startFinder()
	}
}

// startFinder begins to look for people. The caller holds mu.
func (a *App) startFinder() {
	mode := a.searchMode()
	a.network.mode = mode
	if a.network.look == nil || mode == "none" || a.ending {
		return
	}
	search, err := a.network.look(finderConfig{
		Self: a.announcement(), Mode: mode, Epoch: a.epoch,
		Known: a.friends(), Prove: a.prove, Log: a.log,
	})
	if err != nil {
		a.tell(newProblem(CodeDiscovery, "", err.Error()))
		return
	}
	ctx, stop := context.WithCancel(a.ctx)
	a.network.search, a.network.stop = search, stop
	a.retryTyped()
	a.spawn(func() {
		defer stop()
		err := search.Run(ctx, func(s sighting) {
			if ctx.Err() == nil {
				a.sighted(s)
			}
		})
		if err != nil && ctx.Err() == nil {
			a.sighted(sighting{Trouble: err})
		}
	})
	for id, p := range a.people {
		for _, s := range p.sessions {
			search.Report(id, s.Peer().Addr, discovery.Opened)
		}
	}
}

// stopFinder ends the search; nobody is listed by it any more. The caller holds mu.
func (a *App) stopFinder() {
	if a.network.search == nil {
		return
	}
	a.network.stop()
	a.network.search = nil
	for _, p := range a.people {
		p.present, p.found = false, nil
		a.show(p)
	}
}

// friends returns the people whom the user has dealt with. The caller holds mu.
func (a *App) friends() (friends []friend) {
	for id, p := range a.people {
		if p.rec.Level >= Known || p.stored {
			friends = append(friends, friend{ID: id, Addrs: p.search()})
		}
	}
	return friends
}

// prove asks by TLS who is at an address, for the search.
func (a *App) prove(ctx context.Context, addr netip.AddrPort, want DeviceID) (DeviceID, error) {
	peer, err := a.node.Prove(ctx, addr, transfer.ID(want))
	return DeviceID(peer.ID), err
}

// Refresh implements [Backend].
func (a *App) Refresh(ctx context.Context) error {
	a.mu.Lock()
	a.retryTyped()
	a.mu.Unlock()
	if f := a.finder(); f != nil {
		f.Refresh()
	}
	return nil
}
