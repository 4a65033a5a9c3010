// Package app remembers everything, owns every goroutine of the engine, and is all
// that front ends talk to.
//
// Start with [Open]: it returns a [Backend], which is either the process that owns
// the profile ([App]) or a [Client] of that process. Take [Backend.Events] and
// apply what arrives: first one [EventState], then every change in order. Orders
// (Send, Answer, Say, …) return at once; what comes of them arrives as events.
//
// What a newcomer looks for, by file:
//
//	backend.go   the interface; state.go and events.go, what it tells; problem.go
//	open.go      who owns the profile: this process or another
//	profile.go   the folder: identity.go, settings.go, store.go, log.go
//	app.go       the owner's state and its lock; close.go ends everything
//	stream.go    the ordered events of one front end, kept by mailbox.go
//	people.go    who is there; find.go resolves names; trust.go pins keys, changed.go warns; pairing.go compares codes and changes trust
//	send.go      transfers to others; outgoing.go tries again, line.go keeps their order, verdict.go judges the end
//	incoming.go  offers to us; judge.go says which are asked about, answer.go takes the answers; strangers.go limits them
//	rule.go      what holds for the offers of one person; landing.go, where they land
//	progress.go  what runs, 10 times a second; orders.go: Stop, Retry, Cancel; pause.go; withdraw.go, what was cancelled meanwhile
//	files.go     the single files of what runs
//	leftover.go  what is left of transfers that broke off
//	chat.go      messages; outbox.go sends them when their receiver is seen
//	history.go   conversations in the database; pending.go, remember.go, partials.go, the rest of it
//	visible.go   who finds this device and may connect
//	typed.go     addresses that the user typed; knock.go tries them again and again
//	gossip.go    what paired people tell each other about others
//	network.go   the listener (door.go), the search and our addresses
//	doctor.go    why nobody is found: report.go, what it tells; findings.go and findpeers.go, what follows
//	             from what; reach.go connects; package computer looks at firewalls
//	problems.go  errors and the sentences that users read
//	owner.go     the door for other processes; client.go knocks at it, calls.go says what it wants; wire.go is what they say
//
// One process owns a profile: it alone holds the key, the database, the sockets and
// the sessions. The state of [App] is guarded by one mutex; nothing under it waits
// for the network or calls back. Packages discovery and transfer know nothing of
// each other: node.go and finder.go adapt them to small interfaces, which tests fake.
//
// This package does not move bytes over the network (package transfer does), does
// not look for peers (package discovery does), and draws and prints nothing.
package app
