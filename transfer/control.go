package transfer

// What users order while a transfer runs: pauses, rates, single files.

// Pause stops what is on its way, now and in later attempts, until it is called with
// false. The receiver is told; nothing times out meanwhile.
func (o *Outgoing) Pause(on bool) {
	o.mu.Lock()
	o.paused = on
	a := o.current
	o.mu.Unlock()
	if a != nil {
		a.pauseSelf(on)
	}
}

// SetRate limits the transfer to n bytes per second of what goes over the wire; 0: no limit.
func (o *Outgoing) SetRate(n int64) { o.limit.set(n) }

// LeaveOut takes a file out of the running attempt, and out of later ones; it is reported
// as [SkipLeftOut]. Nothing happens when it has arrived already.
func (o *Outgoing) LeaveOut(entry uint32) {
	o.mu.Lock()
	a := o.current
	o.mu.Unlock()
	if a != nil && a.moving.Load() && a.leaveOut(entry) {
		a.queue.fileFailed(entry, SkipLeftOut, "")
	}
}

// leaveOut drops what is not sent yet of a file, for either side; false when the entry is
// no file.
func (a *sender) leaveOut(entry uint32) bool {
	n, ok := a.scan.manifest.node(entry)
	if !ok || n.kind != kindFile {
		return false
	}
	a.out.mu.Lock()
	if a.out.left == nil {
		a.out.left = map[string]bool{}
	}
	a.out.left[a.scan.manifest.path(entry)] = true
	a.out.mu.Unlock()
	a.plan.unwant(entry)
	a.queue.drop(entry)
	return true
}

// wasLeftOut reports whether a file was left out in this attempt or an earlier one.
func (o *Outgoing) wasLeftOut(m *manifest, entry uint32) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.left) > 0 && o.left[m.path(entry)]
}

// Files lists at most n files of the running attempt from entry on.
func (o *Outgoing) Files(entry uint32, n int) []File {
	o.mu.Lock()
	a := o.current
	var found *scan
	if a != nil {
		found = a.scan // set under mu
	}
	o.mu.Unlock()
	if found == nil {
		return nil
	}
	return listFiles(found.manifest, entry, n, a.fileState)
}

// listFiles lists at most n files of a manifest from entry on.
func listFiles(m *manifest, entry uint32, n int, state func(entry uint32) FileState) (list []File) {
	for ; len(list) < n; entry++ {
		item, ok := m.node(entry)
		if !ok {
			return list
		}
		if item.kind == kindFile {
			list = append(list, File{Entry: entry, Path: m.path(entry), Size: item.size, State: state(entry)})
		}
	}
	return list
}

// pauses reports whether this side pauses.
func (a *sender) pauses() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pausing
}

// pauseSelf pauses for our user, and tells the receiver once there is one.
func (a *sender) pauseSelf(on bool) {
	a.mu.Lock()
	a.pausing = on
	stop := on || a.peerPauses
	a.mu.Unlock()
	if !a.moving.Load() {
		return
	}
	a.queue.pause(stop)
	tellPause(a.session, a.stream, on)
}

func (a *sender) pausePeer(on bool) {
	a.mu.Lock()
	a.peerPauses = on
	stop := on || a.pausing
	a.mu.Unlock()
	a.queue.pause(stop)
}

func tellPause(s *Session, stream uint32, on bool) {
	typ := frameResume
	if on {
		typ = framePause
	}
	s.out.send(typ, stream, &pause{})
}

func (a *sender) fileState(entry uint32) FileState {
	a.mu.Lock()
	complete := a.complete.has(entry)
	a.mu.Unlock()
	switch {
	case complete:
		return FileComplete
	case a.plan.leftOut(entry):
		return FileLeftOut
	}
	return FileWaiting
}

// Pause stops what is on its way until it is called with false. The sender is told;
// nothing times out meanwhile.
func (in *Incoming) Pause(on bool) {
	r := in.r
	r.mu.Lock()
	r.pausing = on
	r.mu.Unlock()
	if r.accepted.Load() && r.ctx.Err() == nil {
		tellPause(r.session, r.stream, on)
		r.replenish(0)
	}
}

// SetRate limits the transfer to n bytes per second of what comes over the wire; 0: no limit.
func (in *Incoming) SetRate(n int64) {
	in.r.pace.set(n)
	if in.r.accepted.Load() && in.r.ctx.Err() == nil {
		in.r.replenish(0)
	}
}

// Files lists at most n files from entry on, as far as they are known.
func (in *Incoming) Files(entry uint32, n int) []File {
	r := in.r
	return listFiles(r.manifest, entry, n, func(i uint32) FileState {
		switch {
		case r.marked(i, markGone):
			return FileLeftOut
		case r.marked(i, markOver):
			return FileComplete
		}
		return FileWaiting
	})
}

// LeaveOut takes a file out of the running transfer; it is reported as [SkipLeftOut].
// Nothing happens when it has arrived already.
func (in *Incoming) LeaveOut(entry uint32) {
	if r := in.r; r.accepted.Load() && r.leaveOut(entry) {
		r.session.out.send(frameCancel, r.stream, &status{Code: toCode(ErrCancelled), Entry: &entry})
	}
}

// leaveOut drops a file, for either side; false when there is nothing to drop.
func (r *receiver) leaveOut(entry uint32) bool {
	f, err := r.keeper.known(entry)
	if err != nil || f == nil || r.ctx.Err() != nil {
		return false
	}
	row := Skipped{Path: r.manifest.path(entry), Reason: SkipLeftOut}
	r.keeper.later(entry, func() error { r.keeper.drop(f, row); return nil })
	return true
}
