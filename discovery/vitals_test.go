package discovery

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"time"
)

// vitals is what a discovery process holds at a moment.
type vitals struct {
	Goroutines int
	Files      int      // open descriptors; -1 where /proc does not tell
	Heap       uint64   // bytes that live after a collection
	Links      []string // names of the interfaces that are used
	Peers      int
}

// printVitals prints them four times a second until ctx ends.
func printVitals(ctx context.Context, s *Service, out *json.Encoder) {
	tick := time.NewTicker(time.Second / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		st, err := s.Status(ctx)
		if err != nil {
			return
		}
		v := vitals{Goroutines: runtime.NumGoroutine(), Files: -1, Peers: len(s.Peers())}
		for _, l := range st.Links {
			if l.Skip == "" {
				v.Links = append(v.Links, l.Name)
			}
		}
		if list, err := os.ReadDir("/proc/self/fd"); err == nil {
			v.Files = len(list) - 1 // without the one that reads the directory
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		v.Heap = m.HeapAlloc
		_ = out.Encode(childLine{Event: "vitals", Vitals: &v, At: time.Now().UnixNano()}) // the parent sees it missing
	}
}

// vitals returns the next vitals that are as wanted.
func (c *child) vitals(why string, limit time.Duration, as func(vitals) bool) vitals {
	c.t.Helper()
	var last vitals
	for end := time.Now().Add(limit); time.Now().Before(end); {
		c.await("vitals", ID{}, limit)
		last = *c.last().Vitals
		c.log = c.log[:len(c.log)-1] // or it would be long
		if as(last) {
			return last
		}
	}
	c.t.Fatalf("%s: not within %v: %+v", why, limit, last)
	return vitals{}
}

func on(name string) func(vitals) bool {
	return func(v vitals) bool { return slices.Contains(v.Links, name) }
}

func off(name string) func(vitals) bool {
	return func(v vitals) bool { return !slices.Contains(v.Links, name) }
}

// least returns the smallest goroutine and file counts of n vitals in a row: a
// question of mDNS under way has some that end with it.
func (c *child) least(n int) (least vitals) {
	c.t.Helper()
	for i := range n {
		v := c.vitals("any", 20*time.Second, func(vitals) bool { return true })
		if i == 0 {
			least = v
			continue
		}
		least.Goroutines, least.Files, least.Heap = min(least.Goroutines, v.Goroutines), min(least.Files, v.Files), min(least.Heap, v.Heap)
	}
	return least
}
