// Package vlantest makes a small local network for tests: hosts that are network
// namespaces of this Linux machine, on one switch. The machine's own network is
// not touched, for the switch has a namespace of its own.
//
// [New] makes the network and removes it when the test ends; it skips the test,
// saying why, where that is impossible: not root, not Linux, no ip command.
// [LAN.Command] runs a program in a host, [LAN.Enter] a function of the test itself.
// [LAN.Join] and [LAN.Behind] put a router between two of them. [LAN.Unplug],
// [LAN.Partition] and [LAN.Loss] break things, [LAN.Rate] makes them slow, and
// [LAN.Traffic] counts. [LAN.PacketLoss], [LAN.Swallow], [LAN.Damage],
// [LAN.Duplicate], [LAN.Reset] and [LAN.Rebind] are about single packets and connections.
//
// Namespaces are named after the process, so any number of test runs may go on
// at the same time. Only tests import this package.
package vlantest
