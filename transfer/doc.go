// Package transfer speaks Yonder's protocol with one peer at a time: it connects,
// proves who is there, and moves files, folders and messages.
//
// Start with [NewNode] and [Node.Run]; [Node.Connect] gives a [Session] with a peer,
// and [Session.Send] moves an [Outgoing] over it. What peers want of us arrives through
// [Host], which the program around implements. PROTOCOL.md is the wire format.
//
// What a newcomer looks for, by file:
//
//	node.go      one session for each pair; greeting.go, who may knock; door.go, who is let in; dial.go, knocking
//	session.go   reading and dispatching; handshake.go, TLS and hello; bye.go, the end; writer.go and wire.go, writing;
//	             link.go, how fast the connection is
//	gate.go      which frame may come when, brake.go how many; frame.go and message.go, what frames hold
//	send.go      one attempt to send; offer.go offers; scan.go lists; plan.go orders, as far as claims.go knows what is
//	             there; source.go reads chunks, pack.go small files; compress.go decides; queue.go queues
//	receive.go   one transfer from a peer; accept.go decides where to; data.go takes content, pace.go gives credit for it,
//	             flow.go says how much, lane.go hands it on; keeper.go writes chunks and small.go packs, where staged.go makes files
//	resume.go    what an earlier run left, existing.go what a file that is to be updated has; tell.go tells the sender
//	settle.go    when a file is complete; finish.go, when all are; publish.go and merge.go give them their names,
//	             already.go remembers that
//	partial.go   where transfers arrive; journal.go, what of them is there
//	manifest.go  the list of entries; page.go, on the wire, spool.go, on disk; path.go, names that are safe everywhere;
//	             chunk.go, hashes
//	control.go   pauses, rates, single files while it runs; limiter.go, how a rate is kept; buffers.go, memory
//	pairing.go   six digits that two people compare; exchange.go, how they come about
//	chat.go      messages; gossip.go, where people are whom both trust; errors.go, what errors are on the wire
//
// The package does not find anybody (package discovery does), remembers nothing but
// partials, decides nothing that a user could decide, and writes nothing to disk before
// its Host has accepted.
//
// Goroutines: a [Node] owns all of them. [Node.Run] returns when they have ended. A session has
// a reader, a writer and a keeper; a transfer has a few workers on each side, which end with it.
// Nothing that one peer does, and no disk that hangs, stops the transfers of another.
package transfer
