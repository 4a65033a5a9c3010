package discovery

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// TestLab measures how long discovery takes on networks of many hosts, and what it costs,
// beside what the mDNS library does by itself. It asserts nothing: the figures are printed as
// the tables of docs/DISCOVERY.md. More than a hundred hosts keep two cores so busy that what is measured
// is the machine.
func TestLab(t *testing.T) {
	if os.Getenv("YONDER_LAB") == "" {
		t.Skip("takes an hour; `make discovery-lab` runs it")
	}
	var tables []string
	t.Cleanup(func() { fmt.Println("\n" + strings.Join(tables, "\n\n")) })
	add := func(title string, head string, rows []string) {
		columns := strings.Count(head, "|") - 1
		tables = append(tables, "### "+title+"\n\n"+head+"\n|"+strings.Repeat("---|", columns)+"\n"+strings.Join(rows, "\n"))
	}

	var found []string
	for _, row := range []struct {
		hosts, loss int
		how         labHow
	}{
		{2, 0, both}, {2, 0, announcements}, {2, 0, multicastDNS}, {2, 0, library},
		{30, 0, both}, {30, 10, both}, {30, 20, both},
		{30, 0, announcements}, {30, 20, announcements}, {30, 0, multicastDNS}, {30, 20, multicastDNS}, {30, 0, library}, {30, 20, library},
		{100, 0, both}, {100, 10, both}, {100, 20, both},
	} {
		t.Run(fmt.Sprintf("%d hosts, %d %% loss, %s", row.hosts, row.loss, row.how.name), func(t *testing.T) {
			n := newLab(t, row.hosts, row.loss)
			n.startAll(row.how)
			found = append(found, measured(n.findTimes(row.how)))
		})
	}
	add("Finding everybody", "| hosts | loss | by | pairs | not found | median | 95 % | last | false departures | load |", found)

	var changes []string
	for _, row := range []struct {
		hosts, loss int
		how         labHow
	}{{30, 0, both}, {30, 20, both}, {100, 0, both}, {30, 0, library}} {
		t.Run(fmt.Sprintf("coming and going, %d hosts, %d %% loss, %s", row.hosts, row.loss, row.how.name), func(t *testing.T) {
			n := newLab(t, row.hosts, row.loss)
			n.startAll(row.how, row.hosts)
			n.settle(row.how)
			for _, line := range n.comings(row.how) {
				changes = append(changes, measured(line))
			}
		})
	}
	add("Coming and going", "| hosts | loss | by | what | seen by | median | 95 % | last |", changes)

	var costs []string
	for _, row := range []struct {
		hosts, loss, minutes int
		how                  labHow
	}{{30, 0, 2, both}, {30, 20, 10, both}, {100, 0, 2, both}, {30, 0, 2, library}} {
		t.Run(fmt.Sprintf("cost, %d hosts, %d %% loss, %s", row.hosts, row.loss, row.how.name), func(t *testing.T) {
			n := newLab(t, row.hosts, row.loss)
			n.startAll(row.how)
			n.settle(row.how)
			costs = append(costs, measured(n.cost(row.how, row.minutes)))
		})
	}
	add("In steady state, each host", "| hosts | loss | by | minutes | datagrams out in a minute | in | kB in | of a core | false departures | load |", costs)
}

// measured prints a row at once: a run takes long, and may be ended.
func measured(row string) string {
	fmt.Println(row)
	return row
}

// labHow is a way to discover.
type labHow struct {
	name    string
	sources Source
	alone   bool // the library by itself
}

var (
	both          = labHow{"both", Broadcast | MDNS, false}
	announcements = labHow{"announcements", Broadcast, false}
	multicastDNS  = labHow{"mDNS", MDNS, false}
	library       = labHow{"hashicorp/mdns alone", 0, true}
)

// lab is a network with a discovery process on each host.
type lab struct {
	t     *testing.T
	lan   *vlantest.LAN
	hosts int
	loss  int
	all   []*child // by host, from 1; nil: none yet
}

func newLab(t *testing.T, hosts, loss int) *lab {
	n := &lab{t: t, lan: vlantest.New(t, hosts), hosts: hosts, loss: loss, all: make([]*child, hosts+1)}
	if loss > 0 {
		for i := 1; i <= hosts; i++ {
			n.lan.Loss(i, loss)
		}
	}
	return n
}

// startAll starts every host but some.
func (n *lab) startAll(how labHow, but ...int) {
	for i := 1; i <= n.hosts; i++ {
		if !slices.Contains(but, i) {
			n.start(i, how)
		}
	}
}

func (n *lab) start(host int, how labHow) *child {
	n.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		n.t.Fatal(err)
	}
	n.all[host] = launch(n.t, n.lan.Command(host, exe), childConfig{
		Key: byte(host), Self: Self{Name: fmt.Sprint("host ", host), TCPPort: uint16(4000 + host)}, Sources: how.sources, Baseline: how.alone,
	})
	return n.all[host]
}

// running returns the processes there are.
func (n *lab) running() (list []*child) {
	for _, c := range n.all {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// gather waits until every process knows all others, at most for limit.
func (n *lab) gather(limit time.Duration) {
	list := n.running()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		missing := 0
		for _, c := range list {
			c.gather()
			missing += len(list) - 1 - len(c.firsts("up"))
		}
		if missing == 0 {
			return
		}
	}
}

// firsts returns when each peer had an event first.
func (c *child) firsts(event string) map[string]time.Time {
	at := map[string]time.Time{}
	for _, l := range c.log {
		if l.Event == event && at[l.ID].IsZero() {
			at[l.ID] = time.Unix(0, l.At)
		}
	}
	return at
}

// count returns how many events there were.
func (c *child) count(event string) (n int) {
	for _, l := range c.log {
		if l.Event == event {
			n++
		}
	}
	return n
}

// settle waits until all are found and the first announcements are over.
func (n *lab) settle(how labHow) {
	n.gather(labPatience(how))
	time.Sleep(20 * time.Second)
	for _, c := range n.running() {
		c.gather()
		c.log = nil
	}
}

func labPatience(how labHow) time.Duration {
	if how.sources&Broadcast == 0 {
		return 90 * time.Second
	}
	return 45 * time.Second
}

// findTimes is a row: from when both were running until one has the other.
func (n *lab) findTimes(how labHow) string {
	n.gather(labPatience(how))
	load := loadAverage()
	time.Sleep(30 * time.Second) // for wrong verdicts
	list := n.running()
	var took []time.Duration
	pairs, wrong := 0, 0
	for _, a := range list {
		a.gather()
		up := a.firsts("up")
		wrong += a.count("down")
		for _, b := range list {
			if a == b {
				continue
			}
			pairs++
			if at, ok := up[b.id.String()]; ok {
				begun := a.begun
				if b.begun.After(begun) {
					begun = b.begun
				}
				took = append(took, max(at.Sub(begun), 0))
			}
		}
	}
	return fmt.Sprintf("| %d | %d %% | %s | %d | %d | %s | %d | %s |", n.hosts, n.loss, how.name, pairs, pairs-len(took), spread(took), wrong, load)
}

// comings are rows: a late host, one that leaves, one that is killed, one that is cut off,
// and one whose cable is pulled and put back.
func (n *lab) comings(how labHow) (rows []string) {
	row := func(what string, took []time.Duration) {
		rows = append(rows, fmt.Sprintf("| %d | %d %% | %s | %s | %d of %d | %s |", n.hosts, n.loss, how.name, what, len(took), n.hosts-1, spread(took)))
	}
	late := n.start(n.hosts, how)
	row("a newcomer is seen", n.seen("up", late.id, late.begun, 30*time.Second))
	for end := time.Now().Add(30 * time.Second); len(late.firsts("up")) < n.hosts-1 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		late.gather()
	}
	var took []time.Duration
	for _, at := range late.firsts("up") {
		took = append(took, at.Sub(late.begun))
	}
	row("a newcomer sees", took)
	time.Sleep(8 * time.Second)
	left := n.all[n.hosts].end(syscall.SIGTERM)
	n.all[n.hosts] = nil
	row("one leaves", n.seen("down", late.id, left, 40*time.Second))
	again := n.start(n.hosts, how)
	n.settle(how)
	killed := again.end(syscall.SIGKILL)
	n.all[n.hosts] = nil
	row("one is killed", n.seen("down", again.id, killed, 60*time.Second))
	again = n.start(n.hosts, how)
	n.settle(how)
	at := time.Now()
	n.lan.Partition(n.hosts)
	row("one is cut off silently", n.seen("down", again.id, at, 60*time.Second))
	at = time.Now()
	n.lan.Heal(n.hosts)
	row("it is reached again", n.seen("up", again.id, at, 60*time.Second))
	n.settle(how)
	at = time.Now()
	n.lan.Unplug(n.hosts)
	row("the cable is pulled", n.seen("down", again.id, at, 60*time.Second))
	at = time.Now()
	n.lan.Plug(n.hosts)
	row("and put back", n.seen("up", again.id, at, 60*time.Second))
	return rows
}

// seen returns how long after a moment the others had an event about a host.
func (n *lab) seen(event string, id ID, since time.Time, limit time.Duration) (took []time.Duration) {
	var waiting []*child
	for _, c := range n.running() {
		if c.id != id {
			waiting = append(waiting, c)
		}
	}
	for end := time.Now().Add(limit); len(waiting) > 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		waiting = slices.DeleteFunc(waiting, func(c *child) bool {
			c.gather()
			for _, l := range c.log {
				if at := time.Unix(0, l.At); l.Event == event && l.ID == id.String() && at.After(since) {
					took = append(took, at.Sub(since))
					return true
				}
			}
			return false
		})
	}
	return took
}

// cost is a row: what each host sends, receives and computes in a minute, over some.
func (n *lab) cost(how labHow, minutes int) string {
	list := n.running()
	type usage struct{ in, out, bytes, cpu float64 }
	look := func() (sum usage) {
		for i, c := range n.all {
			if c == nil {
				continue
			}
			in, out := n.datagrams(i)
			bytes, _ := n.lan.Traffic(i)
			sum.in, sum.out, sum.bytes, sum.cpu = sum.in+in, sum.out+out, sum.bytes+float64(bytes), sum.cpu+cpuSeconds(n.t, c.cmd.Process.Pid)
		}
		return sum
	}
	before := look()
	time.Sleep(time.Duration(minutes) * time.Minute)
	after := look()
	wrong := 0
	for _, c := range list {
		c.gather()
		wrong += c.count("down")
	}
	per := func(a, b float64) float64 { return (a - b) / float64(len(list)) / float64(minutes) }
	return fmt.Sprintf("| %d | %d %% | %s | %d | %.1f | %.0f | %.0f | %.2f %% | %d | %s |", n.hosts, n.loss, how.name, minutes, per(after.out, before.out),
		per(after.in, before.in), per(after.bytes, before.bytes)/1000, per(after.cpu, before.cpu)/60*100, wrong, loadAverage())
}

// datagrams returns how many of UDP host has taken in and put out.
func (n *lab) datagrams(host int) (in, out float64) {
	n.lan.Enter(host, func() {
		four, _ := os.ReadFile("/proc/thread-self/net/snmp")
		six, _ := os.ReadFile("/proc/thread-self/net/snmp6")
		var names []string
		for line := range strings.Lines(string(four)) {
			if fields := strings.Fields(line); fields[0] == "Udp:" && names == nil {
				names = fields
			} else if fields[0] == "Udp:" {
				for i, name := range names {
					value, _ := strconv.ParseFloat(fields[i], 64)
					switch name {
					case "InDatagrams":
						in += value
					case "OutDatagrams":
						out += value
					}
				}
			}
		}
		for line := range strings.Lines(string(six)) {
			fields := strings.Fields(line)
			value, _ := strconv.ParseFloat(fields[1], 64)
			switch fields[0] {
			case "Udp6InDatagrams":
				in += value
			case "Udp6OutDatagrams":
				out += value
			}
		}
	})
	return in, out
}

// cpuSeconds returns the processor time of a process.
func cpuSeconds(t *testing.T, pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100 // ticks
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(text), " ")
	return fmt.Sprintf("%s on %d cores", one, runtime.NumCPU())
}

// spread prints the median, the 95th percentile and the greatest.
func spread(took []time.Duration) string {
	if len(took) == 0 {
		return "– | – | –"
	}
	slices.SortFunc(took, cmp.Compare)
	show := func(d time.Duration) string {
		if d < time.Second {
			return fmt.Sprintf("%.1f ms", ms(d))
		}
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return show(took[len(took)/2]) + " | " + show(took[len(took)*95/100]) + " | " + show(took[len(took)-1])
}
