package discovery

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/mdns"
)

// What the library does by itself, as programs use it: one server, and a question every
// five seconds whose answers are collected for one. Who did not answer three in a row is
// taken to be gone. The lab measures it beside discovery.
const (
	baselineEvery  = 5 * time.Second
	baselineWindow = time.Second
	baselineMisses = 3
)

// runBaseline is runChild with nothing but the library.
func runBaseline(ctx context.Context, cfg childConfig, out *json.Encoder) error {
	ifi, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	addrs, err := ifi.Addrs()
	if err != nil {
		return err
	}
	var ips []net.IP
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			ips = append(ips, n.IP)
		}
	}
	quiet := log.New(io.Discard, "", 0)
	me := testID(cfg.Key).String()
	service, err := mdns.NewMDNSService(me, "_yonderbase._tcp", "", me[:16]+".", int(cfg.Self.TCPPort), ips, []string{"id=" + me})
	if err != nil {
		return err
	}
	server, err := mdns.NewServer(&mdns.Config{Zone: service, Iface: ifi, Logger: quiet})
	if err != nil {
		return err
	}
	defer server.Shutdown()
	missed := map[string]int{} // by id, of those who are there
	for ctx.Err() == nil {
		begun := time.Now()
		entries := make(chan *mdns.ServiceEntry, 4096)
		at := map[string]time.Time{}
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			for e := range entries {
				for _, field := range strings.Split(e.Info, "|") {
					if id, ok := strings.CutPrefix(field, "id="); ok && id != me && at[id].IsZero() {
						at[id] = time.Now()
					}
				}
			}
		}()
		err := mdns.QueryContext(ctx, &mdns.QueryParam{Service: "_yonderbase._tcp", Domain: "local", Timeout: baselineWindow,
			Interface: ifi, Entries: entries, DisableIPv6: true, Logger: quiet})
		close(entries)
		<-heard
		if err != nil {
			_ = out.Encode(childLine{Event: "trouble", Err: err.Error(), At: time.Now().UnixNano()})
		}
		for id, when := range at {
			if _, there := missed[id]; !there {
				_ = out.Encode(childLine{Event: "up", ID: id, At: when.UnixNano()})
			}
			missed[id] = 0
		}
		for id := range missed {
			if !at[id].IsZero() {
				continue
			}
			if missed[id]++; missed[id] >= baselineMisses {
				delete(missed, id)
				_ = out.Encode(childLine{Event: "down", ID: id, At: time.Now().UnixNano()})
			}
		}
		select {
		case <-time.After(time.Until(begun.Add(baselineEvery))):
		case <-ctx.Done():
		}
	}
	return nil
}
