// Package computer tells what this computer does to Yonder's traffic: which firewalls
// are on and whether they let it in, who has taken a port, and which interface
// leads to the Internet.
//
// Everything is read, nothing is changed, and nothing fails: what cannot be read,
// for lack of rights or of the system's own tools, is unknown. [Firewalls] looks
// for those of this system (firewall_linux.go, firewall_windows.go,
// firewall_darwin.go); what the tools print is understood by pure functions in a
// file for each (nftables.go, ufw.go, firewalld.go, windows.go, macos.go). Tools run
// with their arguments only, in English, for two seconds at most (run.go).
package computer
