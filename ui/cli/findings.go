package cli

import (
	"strings"

	"yonder/app"
)

// sentences say what a finding is, why it matters and what to do about it. They have no
// capital and no full stop; {words} stand for params. Those that work have only the first.
type sentences struct{ what, why, do string }

// findingSentences has those of every code.
var findingSentences = map[string]sentences{
	app.FoundOff: {"people are not looked for, as the settings or --no-discovery say",
		"this computer sees nobody, and nobody sees it", "choose another way of looking in the settings, or give addresses as HOST:PORT"},
	app.FoundSearch: {"the network could not be examined: {cause}",
		"without that nobody is found", "check the network of this computer, then try again"},
	app.FoundNoNetwork: {"this computer is in no network that Yonder can use{unused}",
		"people are found in a network that both computers are connected to", "plug in the cable or join the Wi-Fi that the other computer is in"},
	app.FoundCopied: {"another computer uses a copy of this profile",
		"two computers with one identity push each other out", "on one of them end Yonder, move identity.pem out of its profile folder, and start it again"},
	app.FoundUDPTaken: {"another program{by} keeps UDP port {port} to itself",
		"announcements of others are not heard, so they are found late or not at all", "end that program, then run the doctor again"},
	app.FoundTCPTaken: {"TCP port {port} is taken by another program{by}",
		"{instead}", "end that program; or choose a port with --port or in the settings and let it through the firewall too"},
	app.FoundNotOpen: {"nobody can send to this computer now: Yonder does not listen here",
		"it does while the window or 'yonder receive' runs", "open the window, or start 'yonder receive'; if one of them runs, choose another port with --port"},
	app.FoundFirewall: {"the firewall {firewall} of this computer does not let {ports} in{where}",
		"others cannot connect, or are not heard", "let both ports in{how}"},
	app.FoundFirewallOn: {"the firewall {firewall} is on and may not let Yonder in{where}",
		"if it does not, others cannot connect, or are not heard", "if others do not reach this computer, let it in{how}"},
	app.FoundUnseen: {"only root can see whether {firewall} lets Yonder in",
		"its rules may keep others out", "look at its rules if others do not reach this computer, or run the doctor as root"},
	app.FoundDeaf: {"what this computer announces on {interface} does not come back to it",
		"it hears itself wherever nothing is in the way, so a firewall here drops UDP port {port}: others are not heard either", "let TCP and UDP port {port} in{how}"},
	app.FoundCarrierHere: {"what this computer sends by {carriers} on {interface} does not come back",
		"a firewall here drops it; the other ways work, but where a network passes on only this one, nobody is found", "look for rules about it in the firewall of this computer"},
	app.FoundSend: {"nothing can be sent by {carriers} on {interface}: {cause}",
		"others do not hear this computer by that way", "look at the firewall of this computer if it says 'not permitted', else at the interface; macOS says 'no route to host' until Yonder is allowed under Privacy & Security, Local Network"},
	app.FoundMDNS: {"mDNS does not work: {cause}",
		"announcements find people too, but some networks pass on only mDNS", "end the program that keeps UDP port 5353 to itself, or let it share that port"},
	app.FoundCarrier: {"what {names} sends by {carriers} does not arrive here",
		"other ways arrive, so something between drops it: a switch, an access point, or the firewall over there; where the others fail as well, nobody is found",
		"look for filters of multicast and broadcast, IGMP snooping and client isolation on the router or access point"},
	app.FoundCarrierOut: {"what this computer sends by {carriers} does not arrive at {names}",
		"other ways arrive, so something between drops it: a switch, an access point, or the firewall over there; where the others fail as well, this computer is not found",
		"run 'yonder doctor' over there; look for filters of multicast and broadcast on the router or access point"},
	app.FoundPeerDeaf: {"{name} does not hear what this computer announces",
		"it answers when it is asked directly, so its firewall most likely drops UDP port {port}", "let TCP and UDP port {port} in over there; 'yonder doctor' there names the command"},
	app.FoundNotHeard: {"{name} is reached, but what it announces is not heard",
		"it is known by its address or by mDNS; something between drops announcements, or it was told to make none", "nothing, as long as it is reached; else run 'yonder doctor' over there"},
	app.FoundSilent: {"{who} does not answer",
		"{silence}", "let Yonder in over there ('yonder doctor' there names the command); in a Wi-Fi for guests, use another network or switch client isolation off"},
	app.FoundRefused: {"{who} refuses connections: the computer is on, and Yonder does not listen there",
		"it was ended, or listens at another port", "start Yonder, or 'yonder receive', over there"},
	app.FoundGone: {"{who} is not in the network",
		"no computer has this address now: it is off, elsewhere, or has got another address", "switch it on, or look up its address in the window there"},
	app.FoundWrong: {"another device answers at {address} than {name}",
		"addresses are given to other computers over time", "check whose computer it is; the known key stays pinned"},
	app.FoundVersion: {"{who} speaks another version of the protocol",
		"the two cannot talk with each other", "update Yonder there and here"},
	app.FoundPrivate: {"{who} takes connections from verified people only",
		"it is set to be seen by them only, or by nobody", "ask its owner to be visible to everyone for some minutes, or to send to you first"},
	app.FoundHidden: {"nobody is told of this computer, as the settings or --visible say",
		"others do not find it, and only verified people can connect to it; it finds others, and sends", "to be found, choose 'everyone' under 'Who sees this computer', or --visible 10m"},
	app.FoundPairedOnly: {"only verified people find this computer and connect to it, as the settings or --visible say",
		"others see a device without a name, if any, and are turned away", "to be found by others, choose 'everyone' under 'Who sees this computer', or --visible 10m"},
	app.FoundStrange: {"something else than Yonder answers at {address}",
		"the port belongs to another program there", "look up the address and port in the window there"},
	app.FoundElsewhere: {"{who} is in another network, and is reached",
		"announcements do not cross routers, so it is never found by itself", "nothing; its address works: --to {address}, or add it by address in the window"},
	app.FoundFar: {"{who} is in another network, and does not answer",
		"announcements do not cross routers, and the connection gets no answer: it is off, there is no way to it, or a firewall on the way does not let it through",
		"check that Yonder runs there and that the way is open for TCP; then --to {address} works, or adding it by address in the window"},
	app.FoundNoName: {"{address} is not found: {cause}",
		"", "check the spelling, or give the number of the address"},
	app.FoundVPN: {"a VPN has the way to the Internet ({interface})",
		"some keep everything away from the local network; Yonder does not look for people inside of it", "if people are missing, allow the local network in the VPN's settings or switch it off; inside of it they are reached by HOST:PORT"},
	app.FoundClock: {"the clock of {name} differs from this one by {minutes} minutes",
		"times of messages and files look wrong", "have both set by the network"},
	app.FoundNobody: {"nobody else is heard",
		"nothing on this computer is in the way, as far as can be seen", "start Yonder on the other computer, in the same network and not in a Wi-Fi for guests; run 'yonder doctor' there; or give its address: --to HOST:PORT"},
	app.FoundListening:  {"Yonder listens on {address}", "", ""},
	app.FoundAnnouncing: {"announcements leave and come back on {interfaces}", "", ""},
	app.FoundPeople:     {"{people} here and can be reached: {names}", "", ""},
	app.FoundNoFirewall: {"{through}", "", ""},
}

// sentencesOf returns the sentences of a finding with its params filled in.
func sentencesOf(f app.Finding) sentences {
	s, ok := findingSentences[f.Code]
	if !ok { // of a newer Yonder that runs beside this one
		return sentences{what: f.Code}
	}
	pairs := phrases(f)
	for name, value := range f.Params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	r := strings.NewReplacer(pairs...)
	return sentences{r.Replace(s.what), r.Replace(s.why), r.Replace(s.do)}
}

// phrases are the words of sentences that depend on which params there are.
func phrases(f app.Finding) []string {
	given := func(name, before, after string) string {
		if f.Params[name] == "" {
			return ""
		}
		return before + f.Params[name] + after
	}
	by := given("program", ": ", "")
	if by == "" {
		by = given("pid", ": ", "")
	} else {
		by += given("pid", " (process ", ")")
	}
	instead := "Yonder would have to listen at another one"
	if f.Params["used"] != "" {
		instead = given("used", "Yonder listens at ", " instead and announces that; but firewalls let in what they were told, and an address without that port leads to the other program")
	}
	who := given("name", "", given("address", " (", ")"))
	if strings.Contains(f.Params["address"], f.Params["name"]) {
		who = f.Params["address"]
	}
	silence := "it is off, its firewall does not let the port in, or the Wi-Fi keeps its devices apart (client isolation)"
	if f.Params["heard"] != "" {
		silence = "it is heard, but connections get no answer: its firewall does not let the port in, or the Wi-Fi keeps its devices apart (client isolation)"
	}
	people := f.Params["count"] + " people are"
	if f.Params["count"] == "1" {
		people = "1 person is"
	}
	through := "no firewall on this computer is in the way"
	if f.Params["firewalls"] != "" {
		through = given("firewalls", "the firewall of this computer lets Yonder in: ", "")
	}
	return []string{
		"{by}", by, "{instead}", instead, "{who}", who, "{silence}", silence, "{people}", people, "{through}", through,
		"{unused}", given("interfaces", " (not used: ", ")"),
		"{where}", given("where", " (", ")"),
		"{how}", howToOpen(f),
		"{carriers}", carrierNames(f.Params["carriers"]),
	}
}

// howToOpen says how to use the command of a finding.
func howToOpen(f app.Finding) string {
	switch {
	case f.Command == "":
		return ""
	case f.Params["firewall"] == "windows":
		return ", with this command in a console of an administrator; a network that you trust should be private in the settings of Windows"
	case f.Params["firewall"] == "nftables", f.Params["firewall"] == "iptables":
		return ", with this command, which holds until the next start; put the rules into its configuration too"
	}
	return ", with this command"
}

// carrierNames writes a list of carriers in words.
func carrierNames(list string) string {
	words := map[string]string{"broadcast": "broadcast", "multicast4": "IPv4 multicast", "multicast6": "IPv6 multicast", "mdns": "mDNS"}
	var out []string
	for _, name := range strings.Split(list, ",") {
		if word := words[name]; word != "" {
			name = word
		}
		out = append(out, name)
	}
	last := len(out) - 1
	if last == 0 {
		return out[0]
	}
	return strings.Join(out[:last], ", ") + " and " + out[last]
}

// verdict is the report in one sentence.
func verdict(r *app.Report) string {
	count := map[app.Severity]int64{}
	alone := true
	for _, f := range r.Findings {
		count[f.Severity]++
		alone = alone && f.Code != app.FoundPeople
	}
	switch {
	case count[app.SeverityProblem] > 0:
		return plural(count[app.SeverityProblem], "problem keeps", "problems keep") + " people from being found or reached"
	case count[app.SeverityWarning] > 0:
		return plural(count[app.SeverityWarning], "thing does not work as it should", "things do not work as they should")
	case alone:
		return "nothing is wrong here as far as can be seen, but nobody else is here"
	}
	return "nothing is wrong: people are found and reached"
}
