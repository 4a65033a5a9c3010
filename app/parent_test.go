package app

import (
	"testing"
	"time"
)

// TestBackendAddsToATransfer: both sides know what it adds to, and the receiver is asked
// all the same.
func TestBackendAddsToATransfer(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		other.node.mu.Lock()
		other.node.speed = fakeSize
		other.node.mu.Unlock()
		first := send(t, b, other.id(), time.Hour, file(t))
		got := fo.incoming().ID
		accept(t, other, got)
		f.transferIs(first, Running)
		req := SendRequest{To: []DeviceID{other.id()}, Paths: []string{file(t)}, Parent: first}
		ids, err := b.Send(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		more := fo.incoming(got)
		if more.Transfer.State != Offered || more.Transfer.Parent != got {
			t.Errorf("it is offered as %s in addition to %q, want %q", more.Transfer.State, more.Transfer.Parent, got)
		}
		if sent := f.transferIs(ids[0], Offered); sent.Parent != first {
			t.Errorf("the sender adds to %q, want %q", sent.Parent, first)
		}
		fo.transferIs(got, Done)
		accept(t, other, more.ID)
		f.transferIs(ids[0], Done)

		ids, err = b.Send(t.Context(), req) // what it adds to is through
		if err != nil {
			t.Fatal(err)
		}
		late := fo.incoming(got, more.ID)
		if late.Transfer.Parent != "" {
			t.Errorf("what is through got an addition: %q", late.Transfer.Parent)
		}
		accept(t, other, late.ID)
		f.transferIs(ids[0], Done)
		for why, bad := range map[string]SendRequest{
			"nothing":           {To: req.To, Paths: req.Paths, Parent: "nonsense"},
			"something of them": {To: req.To, Paths: req.Paths, Parent: got},
		} {
			if _, err := b.Send(t.Context(), bad); err == nil {
				t.Errorf("Send in addition to %s = nil, want an error", why)
			}
		}
	})
}

// TestRealAddition: the engine carries what a transfer adds to.
func TestRealAddition(t *testing.T) {
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	meet(t, a, b)
	dir, _ := tree(t)
	first := send(t, a, b.me.ID, time.Hour, dir)
	got := fb.incoming().ID
	pause(t, a, first)
	accept(t, b, got)
	fb.pausedIs(got, false, true)
	ids, err := a.Send(t.Context(), SendRequest{To: []DeviceID{b.me.ID}, Paths: []string{file(t)}, Parent: first})
	if err != nil {
		t.Fatal(err)
	}
	more := fb.incoming(got)
	if more.Transfer.Parent != got {
		t.Errorf("it adds to %q, want %q", more.Transfer.Parent, got)
	}
	accept(t, b, more.ID)
	fa.transferIs(ids[0], Done)
	resume(t, a, first)
	fa.transferIs(first, Done)
}
