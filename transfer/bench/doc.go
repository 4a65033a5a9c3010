// Command bench measures the program that people run beside others that move files,
// on this machine and in the same run: `make bench`, described in docs/PERFORMANCE.md.
//
// It knows Yonder by its command line and docs/JSON.md alone, and imports none of its
// packages. A [scenario] makes a [link] between two [host]s and something to send, and
// has each [method] move it once in every round. A method is Yonder (yonder.go), a loop
// of reads and writes over TCP or tar around one (plain.go), rsync or scp (daemon.go).
// What a move cost is a [sample]; process.go and proc.go take it from the kernel.
//
// The helpers among its own processes are this program again, see [child]. Everything
// it writes lies in one temporary folder, in memory where there is room, and goes with
// it; so do the network namespaces, whose names begin with "ybn".
package main
