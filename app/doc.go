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
//	open.go      who owns the profile: this process or another
//	profile.go   the folder: identity.go, settings.go, store.go
//	app.go       the owner's state, its lock, starting and stopping
//	mailbox.go   the ordered stream of events of one front end
//	people.go    who is there; find.go resolves names; trust.go pins keys
//	outgoing.go  transfers to others, with the retry loop; incoming.go, offers to us
//	chat.go      messages; outbox.go sends them when their receiver is seen
//	problems.go  errors and the sentences that users read
//	owner.go     the owner's door for other processes; client.go knocks at it
//
// One process owns a profile: it alone holds the key, the database, the sockets and
// the sessions. The state of [App] is guarded by one mutex; nothing under it waits
// for the network or calls back. Packages discovery and transfer know nothing of
// each other: node.go and finder.go adapt them to small interfaces, which tests fake.
//
// This package does not move bytes over the network (package transfer does), does
// not look for peers (package discovery does), and draws and prints nothing.
package app
