// Package discovery finds the other Yonders of the network and says when they
// come, change and go.
//
// Start with [New], run [Service.Run] in a goroutine and read [Service.Events]:
// the peers that are there now, then every change. [Service.Probe] asks one
// address that a person typed. A session layer tells what it learned by
// connecting through [Service.Report]. The rest of this package is how that works
// inside:
//
//   - announce.go is the datagram: signed, at most 1,200 bytes, described byte by
//     byte in PROTOCOL.md beside it.
//   - broadcast.go carries it over every usable interface (iface.go, sockets.go)
//     by broadcast and multicast; mdns.go finds addresses by multicast DNS. Both are sources of
//     candidate addresses; either is enough. zone.go is what mDNS answers about us, and
//     herald.go tells other programs the same unasked, as notice.go plans and unasked.go writes it.
//   - probe.go turns a candidate into a peer: one signed question, one signed
//     answer, or else the proof that the program supplies as [Config.Prove].
//   - registry.go is the list of peers and liveness.go its clock: state machines
//     that take the time as a parameter and touch no network.
//   - status.go tells what each carrier (carrier.go) sent and heard, and examine.go
//     tests the network: hearing.go concludes from copies of one announcement by
//     which carriers a peer is heard.
//   - hidden.go is how a device asks that does not want to be seen.
//   - service.go is the one loop that owns all of these, receive.go what it does
//     with a datagram; board.go hands out what changed without ever making the
//     loop wait.
//
// What is found here is a hint where to connect. Announcements are signed, so
// nobody can speak for another key, but anybody can make a key: who a peer is
// comes only from the connection that follows. This package opens no
// connection itself, stores nothing, and trusts nobody.
//
// Every goroutine belongs to [Service.Run] and has ended when it returns.
package discovery
