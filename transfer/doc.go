// Package transfer speaks Yonder's protocol with one peer at a time: it connects,
// proves who is there, and moves files, folders and messages.
//
// Start with [NewNode] and [Node.Run]; [Node.Connect] gives a [Session] with a peer,
// and [Session.Send] moves an [Outgoing] over it. What peers want of us arrives through
// [Host], which the program around implements. PROTOCOL.md is the wire format.
//
// What a newcomer looks for, by file:
//
//	node.go      one session for each pair; greeting.go, who may knock; dial.go, knocking
//	session.go   reading and dispatching; handshake.go, TLS and hello; bye.go, the end; writer.go and wire.go, writing
//	gate.go      which frame may come when; frame.go and message.go, what frames hold
//	send.go      one attempt to send; offer.go offers; scan.go lists, plan.go orders, source.go reads, queue.go queues
//	receive.go   one transfer from a peer; accept.go decides where to; data.go takes chunks, keeper.go writes them
//	             where staged.go makes files, resume.go knows what is there already
//	settle.go    when a file is complete; publish.go and merge.go give it its name, already.go remembers that
//	partial.go   where transfers arrive; journal.go, what of them is there
//	manifest.go  the list of entries; page.go, on the wire; path.go, names that are safe everywhere; chunk.go, hashes
//	chat.go      messages; errors.go, what errors are on the wire
//
// The package does not find anybody (package discovery does), remembers nothing but
// partials, decides nothing that a user could decide, and writes nothing to disk before
// its Host has accepted.
//
// Goroutines: a [Node] owns all of them. [Node.Run] returns when they have ended. A session has
// a reader, a writer and a keeper; a transfer has a few workers on each side, which end with it.
// Nothing that one peer does, and no disk that hangs, stops the transfers of another.
package transfer
