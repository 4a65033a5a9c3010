package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func peerNamed(n byte, name string) Peer {
	return Peer{ID: testID(n), Name: name, FirstSeen: at(float64(n))}
}

// drain takes all events that wait for r.
func drain(b *board, r *reader) (got []string) {
	for {
		e, ok := b.take(r)
		if !ok {
			return got
		}
		got = append(got, fmt.Sprintf("%v %s", e.Kind, e.Peer.Name))
	}
}

func TestBoardCoalesces(t *testing.T) {
	up := func(n byte, name string) news { return news{peerNamed(n, name), true, Found} }
	down := func(n byte, name string) news { return news{peerNamed(n, name), false, Left} }
	tests := []struct {
		why           string
		before, after []news // what the reader has taken, and what happens while it does not
		want          []string
	}{
		{"came", nil, []news{up(2, "a")}, []string{"up a"}},
		{"came and changed", nil, []news{up(2, "a"), up(2, "b")}, []string{"up b"}},
		{"came and went", nil, []news{up(2, "a"), down(2, "a")}, nil},
		{"changed twice", []news{up(2, "a")}, []news{up(2, "b"), up(2, "c")}, []string{"changed c"}},
		{"changed and went", []news{up(2, "a")}, []news{up(2, "b"), down(2, "b")}, []string{"down b"}},
		{"went and came back", []news{up(2, "a")}, []news{down(2, "a"), up(2, "b")}, []string{"changed b"}},
		{"two, in the order in which they moved", nil, []news{up(3, "c"), up(2, "a"), up(3, "d")}, []string{"up d", "up a"}},
	}
	for _, tt := range tests {
		b := newBoard(time.Now)
		r := b.subscribe()
		b.post(tt.before)
		drain(b, r)
		for _, n := range tt.after {
			b.post([]news{n})
		}
		if got := drain(b, r); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
		if again := drain(b, r); again != nil {
			t.Errorf("%s: told again: %q", tt.why, again)
		}
	}
}

func TestBoardTellsLateReaders(t *testing.T) {
	b := newBoard(time.Now)
	b.post([]news{{peerNamed(3, "c"), true, Found}, {peerNamed(2, "b"), true, Found}})
	b.networkChanged()
	b.setTrouble(errors.New("no network"))
	r := b.subscribe()
	if got, want := drain(b, r), []string{"trouble ", "up b", "up c"}; !slices.Equal(got, want) {
		t.Errorf("late reader: %q, want %q", got, want)
	}
	if b.setTrouble(errors.New("no network")) || drain(b, r) != nil {
		t.Error("the same trouble is told twice")
	}
	b.networkChanged()
	b.networkChanged()
	b.setTrouble(nil)
	if got, want := drain(b, r), []string{"trouble ", "network-changed "}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestReaderThatStopsReadingHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		a, stopA := onFake(t, lan.host(1), Self{TCPPort: 4001}, announcing)
		_ = a.Events(t.Context()) // never read
		ctx, cancel := context.WithCancel(t.Context())
		lively := a.Events(ctx)
		_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, announcing)
		for e := range lively {
			if e.Kind == Up {
				break
			}
		}
		cancel()
		for range lively { // closed when its ctx ends
		}
		stopB()
		stopA()
		if _, open := <-a.Events(t.Context()); open {
			t.Error("an event after the end of Run")
		}
		if err := a.Run(t.Context()); err == nil {
			t.Error("Run ran twice")
		}
		if _, err := a.Probe(t.Context(), "10.0.0.2", nil); !errors.Is(err, ErrNotRunning) {
			t.Errorf("Probe after the end: %v", err)
		}
	})
}
