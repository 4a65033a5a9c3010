package cli

import (
	"fmt"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// TestInterruptedReceiver kills the receiver, as a power cut would, at half of a large
// file, and starts it again. The sender goes on by itself.
func TestInterruptedReceiver(t *testing.T) {
	s := newScenario(t, sized[int64](200<<20, 4<<30), 500_000_000, vlantest.Options{})
	s.half()
	s.receiver.kill()
	stored, from := s.stored(), s.sender.mark()
	again := time.Now()
	s.receiver = s.startReceiver(2, s.folder)
	after := s.newByte(from, stored, again)
	twice := s.complete().Wire - s.size
	t.Logf("killed at %d of %d MiB; a new byte was there %v after the start; %.2f MiB sent twice", stored>>20, s.size>>20, after, float64(twice)/(1<<20))
	if twice < 0 {
		t.Errorf("wire says that %d bytes less than the file were carried", -twice)
	}
}

// TestInterruptedSender kills the sender at half of a large file and gives the same
// command again.
func TestInterruptedSender(t *testing.T) {
	s := newScenario(t, sized[int64](200<<20, 4<<30), 500_000_000, vlantest.Options{})
	s.half()
	s.sender.kill()
	stored := s.stored()
	s.receiver.await("an interrupted transfer", s.most(), isState("interrupted"))
	s.send()
	after := s.newByte(0, stored, s.began)
	s.complete()
	came := s.receiver.await("the end", s.most(), func(e lanEvent) bool { return e.Event == "done" }).Wire // by both commands
	// What had left the sender and did not arrive nobody counts; it is no more than the credit of 4 MiB.
	twice := float64(came-s.size) / (1 << 20)
	t.Logf("killed at %d of %d MiB; a new byte was there %v after the start; %.2f MiB came twice", stored>>20, s.size>>20, after, twice)
}

// TestInterruptedByCable pulls the receiver's cable and puts it back. The transfer goes
// on by itself, over the same connection or another one.
func TestInterruptedByCable(t *testing.T) {
	waits(t)
	for _, pause := range sized([]time.Duration{5 * time.Second}, []time.Duration{5 * time.Second, time.Minute}) {
		t.Run(pause.String(), func(t *testing.T) {
			s := newScenario(t, sized[int64](40<<20, 200<<20), 100_000_000, vlantest.Options{})
			s.half()
			s.net.Unplug(2)
			time.Sleep(pause) // what this test is about
			stored, from := s.stored(), s.sender.mark()
			plugged := time.Now()
			s.net.Plug(2)
			t.Logf("bytes moved %v after the cable was back", s.newByte(from, stored, plugged))
			s.complete()
		})
	}
}

// TestInterruptedByNewAddress gives the receiver another address in the middle, as a
// network does that one comes back to. There is no IPv6 over which the two could go on.
func TestInterruptedByNewAddress(t *testing.T) {
	waits(t)
	s := newScenario(t, sized[int64](40<<20, 400<<20), 100_000_000, vlantest.Options{NoIPv6: true})
	s.half()
	stored, from := s.stored(), s.sender.mark()
	changed := time.Now()
	s.net.IP(2, "addr", "del", fmt.Sprint(s.net.Addr(2), "/24"), "dev", "eth0")
	s.net.IP(2, "addr", "add", "10.77.0.102/24", "brd", "+", "dev", "eth0")
	t.Logf("bytes moved %v after the address was another", s.newByte(from, stored+8<<20, changed))
	s.complete()
}

// TestInterruptedBySleep stops both programs, as laptops do whose lids are closed, and once
// another network adapter is there when they wake up. In full size they sleep longer than a
// silent peer is waited for.
func TestInterruptedBySleep(t *testing.T) {
	waits(t)
	for _, replaced := range []bool{false, true} {
		t.Run(fmt.Sprint("adapter replaced ", replaced), func(t *testing.T) {
			s := newScenario(t, sized[int64](40<<20, 200<<20), 100_000_000, vlantest.Options{})
			s.half()
			s.sender.stop()
			s.receiver.stop()
			if replaced {
				s.net.Disconnect(2)
			}
			time.Sleep(sized[time.Duration](3, 20) * time.Second) // what this test is about
			if replaced {
				s.net.Connect(2)
				s.net.Rate(2, s.bits)
			}
			stored, from := s.stored(), s.sender.mark()
			woken := time.Now()
			s.receiver.resume()
			s.sender.resume()
			t.Logf("bytes moved %v after both woke up", s.newByte(from, stored, woken))
			s.complete()
		})
	}
}

// TestInterruptedByPartition lets packets vanish while all links stay up. Longer than a
// silent peer is waited for, and the sender says that it waits; it goes on by itself.
func TestInterruptedByPartition(t *testing.T) {
	waits(t)
	for _, pause := range sized([]time.Duration{20 * time.Second}, []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute}) {
		t.Run(pause.String(), func(t *testing.T) {
			s := newScenario(t, sized[int64](40<<20, 200<<20), 100_000_000, vlantest.Options{})
			s.half()
			from, cut := s.sender.mark(), time.Now()
			s.net.Partition(2)
			if pause > 15*time.Second {
				e := s.sender.awaitFrom(from, "waiting", time.Minute, isState("waiting"))
				t.Logf("said that it waits after %v", e.heard.Sub(cut).Round(time.Millisecond))
			}
			time.Sleep(time.Until(cut.Add(pause))) // what this test is about
			stored := s.stored()
			from = s.sender.mark()
			healed := time.Now()
			s.net.Heal(2)
			t.Logf("bytes moved %v after packets passed again", s.newByte(from, stored, healed))
			s.complete()
		})
	}
}
