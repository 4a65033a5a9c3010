package computer

import (
	"fmt"
	"strings"
	"testing"
)

// chain makes the JSON that nft prints of one input chain, each rule given by its statements.
func chain(policy string, rules ...string) string {
	all := []string{`{"metainfo":{"version":"1.0.6","json_schema_version":1}}`,
		`{"table":{"family":"inet","name":"filter","handle":1}}`,
		`{"chain":{"family":"inet","table":"filter","name":"input","handle":1,"type":"filter","hook":"input","prio":0,"policy":"` + policy + `"}}`}
	for _, r := range rules {
		name := "input"
		if to, rest, ok := strings.Cut(r, ": "); ok {
			name, r = to, rest
		}
		all = append(all, fmt.Sprintf(`{"rule":{"family":"inet","table":"filter","chain":%q,"handle":2,"expr":[%s]}}`, name, r))
	}
	return `{"nftables":[` + strings.Join(all, ",") + `]}`
}

// Statements as nft prints them.
const (
	nftAccept  = `{"accept":null}`
	nftDrop    = `{"drop":null}`
	nftReject  = `{"counter":{"packets":1,"bytes":2}},{"reject":{"type":"tcp reset"}}`
	nftReturn  = `{"return":null}`
	onEth0     = `{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"eth0"}}`
	onLo       = `{"match":{"op":"==","left":{"meta":{"key":"iif"}},"right":"lo"}}`
	known      = `{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}}`
	limited10  = `{"limit":{"rate":10,"burst":5,"per":"second"}}`
	someSource = `{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"10.0.0.0","len":8}}}}`
	byXtables  = `{"xt":{"type":"match","name":"addrtype"}}`
)

func dport(proto, right string) string {
	return `{"match":{"op":"==","left":{"payload":{"protocol":"` + proto + `","field":"dport"}},"right":` + right + `}}`
}

func jump(to string) string { return `{"jump":{"target":"` + to + `"}}` }
func goTo(to string) string { return `{"goto":{"target":"` + to + `"}}` }

func TestNftables(t *testing.T) {
	const ours = "21925"
	tests := []struct {
		why      string
		rules    string
		tcp, udp Verdict
	}{
		{"no rules at all", `{"nftables":[{"metainfo":{}}]}`, Open, Open},
		{"a chain that lets everything in", chain("accept"), Open, Open},
		{"a chain that lets nothing in", chain("drop"), Blocked, Blocked},
		{"the usual: what is known, what is named, nothing else", chain("drop", onLo+","+nftAccept, known+","+nftAccept, dport("tcp", "22")+","+nftAccept), Blocked, Blocked},
		{"with our ports named", chain("drop", known+","+nftAccept, dport("tcp", ours)+","+nftAccept, dport("udp", ours)+","+nftAccept), Open, Open},
		{"only TCP", chain("drop", dport("tcp", ours)+","+nftAccept), Open, Blocked},
		{"in a set", chain("drop", dport("th", `{"set":[22,{"range":[21000,22000]}]}`)+","+nftAccept), Open, Open},
		{"in a range", chain("drop", dport("tcp", `{"range":[1,65535]}`)+","+nftAccept), Open, Blocked},
		{"just not in a range", chain("drop", dport("tcp", `{"range":[1,21924]}`)+","+nftAccept), Blocked, Blocked},
		{"dropped by number on this interface", chain("accept", onEth0+","+dport("th", ours)+","+nftDrop), Blocked, Blocked},
		{"dropped on another interface", chain("accept", strings.ReplaceAll(onEth0, "eth0", "eth1")+","+nftDrop), Open, Open},
		{"a wildcard of interfaces", chain("accept", strings.ReplaceAll(onEth0, "eth0", "e*")+","+nftDrop), Blocked, Blocked},
		{"a list of interfaces", chain("accept", strings.ReplaceAll(onEth0, `"eth0"`, `{"set":["wlan0","eth0"]}`)+","+nftDrop), Blocked, Blocked},
		{"rejected with a reset", chain("accept", dport("tcp", ours)+","+nftReject), Blocked, Open},
		{"all but one port", chain("accept", strings.ReplaceAll(dport("tcp", "443"), "==", "!=")+","+nftDrop), Blocked, Open},
		{"rate limits let the first ones in", chain("drop", limited10+","+nftAccept), Maybe, Maybe},
		{"from some addresses only", chain("drop", someSource+","+nftAccept), Maybe, Maybe},
		{"from some addresses not", chain("accept", someSource+","+nftDrop), Maybe, Maybe},
		{"what iptables means", chain("drop", byXtables+","+nftAccept), Maybe, Maybe},
		{"IPv6 only", chain("accept", strings.ReplaceAll(someSource, `"ip"`, `"ip6"`)+","+nftDrop), Open, Open},
		{"a new connection", chain("accept", strings.ReplaceAll(known, `["established","related"]`, `"new"`)+","+nftDrop), Blocked, Blocked},
		{"a chain that accepts", chain("drop", jump("more"), "more: "+dport("tcp", ours)+","+nftAccept), Open, Blocked},
		{"a chain that returns, and then the rest counts", chain("drop", jump("more"), nftAccept, "more: "+nftReturn, "more: "+nftDrop), Open, Open},
		{"a chain that is left for good", chain("drop", goTo("more"), nftAccept, "more: "+nftReturn), Blocked, Blocked},
		{"a chain that may have been left", chain("accept", jump("more"), "more: "+someSource+","+nftReturn, "more: "+nftDrop), Maybe, Maybe},
		{"a chain that calls itself", chain("accept", jump("more"), "more: "+jump("more")), Open, Open},
		{"a map of states", chain("accept", `{"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["established",{"accept":null}],["new",{"drop":null}]]}}}`), Blocked, Blocked},
		{"a map of ports", chain("drop", `{"vmap":{"key":{"payload":{"protocol":"tcp","field":"dport"}},"data":{"set":[[22,{"drop":null}],[21925,{"jump":{"target":"more"}}]]}}}`, "more: "+nftAccept), Open, Blocked},
		{"a map by name", chain("accept", `{"vmap":{"key":{"ct":{"key":"state"}},"data":"@states"}}`), Maybe, Maybe},
		{"statements of a later version", chain("drop", `{"something":{"new":1}},`+nftAccept), Maybe, Maybe},
		{"sets by name", strings.Replace(chain("drop", dport("th", `"@ports"`)+","+nftAccept), `[`, `[{"set":{"family":"inet","name":"ports","table":"filter","type":"inet_service","elem":[{"elem":{"val":21925,"comment":"x"}}]}},`, 1), Open, Open},
		{"a set that is not there", chain("drop", dport("th", `"@ports"`)+","+nftAccept), Maybe, Maybe},
		{"a table of IPv6 alone", strings.ReplaceAll(chain("drop"), `"inet"`, `"ip6"`), Open, Open},
		{"a chain for what goes out", strings.ReplaceAll(chain("drop"), `"hook":"input"`, `"hook":"output"`), Open, Open},
	}
	for _, tt := range tests {
		f, err := nftJudge(tt.rules, Ports{21925, 21925}, []string{"eth0"})
		if err != nil || f.TCP != tt.tcp || f.UDP != tt.udp {
			t.Errorf("%s: tcp %q, udp %q, %v; want %q, %q", tt.why, f.TCP, f.UDP, err, tt.tcp, tt.udp)
		}
	}
}

func TestNftablesNamesTheChainAndTheCommand(t *testing.T) {
	rules := strings.ReplaceAll(chain("drop"), `"input"`, `"in put"`)
	rules = strings.ReplaceAll(rules, `"hook":"in put"`, `"hook":"input"`)
	f, err := nftJudge(rules, Ports{40001, 21925}, []string{"wlan0", "eth0"})
	want := Firewall{Name: "nftables", On: true, TCP: Blocked, UDP: Blocked, Where: "inet filter in put",
		Open: "sudo nft insert rule inet filter 'in put' tcp dport 40001 accept && sudo nft insert rule inet filter 'in put' udp dport 21925 accept"}
	if err != nil || f != want {
		t.Errorf("%+v, %v", f, err)
	}
	for _, bad := range []string{"", "null", "[]", `{"nftables":3}`, "Operation not permitted"} {
		if f, err := nftJudge(bad, Ports{1, 1}, []string{"eth0"}); err == nil && f.On {
			t.Errorf("nftJudge(%q) = %+v", bad, f)
		}
	}
}

func FuzzNftables(f *testing.F) {
	f.Add(chain("drop", jump("more"), "more: "+someSource+","+nftReturn, "more: "+byXtables+","+nftDrop))
	f.Add(chain("accept", `{"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["new",{"goto":{"target":"input"}}]]}}}`))
	f.Add(chain("drop", dport("th", `{"set":[22,{"range":[21000,22000]}]}`)+","+limited10))
	f.Fuzz(func(t *testing.T, text string) {
		fw, err := nftJudge(text, Ports{21925, 21925}, []string{"eth0"})
		if err == nil && (fw.TCP == Unknown || fw.UDP == Unknown) {
			t.Fatalf("%+v", fw)
		}
	})
}
