//go:build linux

package main

var large = scenario{"large",
	"1 GiB that cannot be compressed, over loopback: how much work a byte is.",
	func(b *bench) (string, error) {
		l, err := b.loopback()
		if err != nil {
			return "", err
		}
		defer l.remove()
		return b.compareFile(l, gib/b.scale, yonder(), plainCopy(), rsyncCopy("-a", "-W"), scpCopy())
	}}

var gigabit = scenario{"gigabit",
	"1 GiB that cannot be compressed, over a link of 1 Gbit/s: whether the link is the limit.",
	func(b *bench) (string, error) { return b.overWire(1000*mbit, gib) }}

var random100 = scenario{"random100",
	"128 MiB that cannot be compressed, over a link of 100 Mbit/s.",
	func(b *bench) (string, error) { return b.overWire(100*mbit, 128*mib) }}

// overWire compares with the plain copy, over a link of that many bits per second.
func (b *bench) overWire(rate, size int64) (string, error) {
	l, err := b.wire(rate)
	if err != nil {
		return "", err
	}
	defer l.remove()
	return b.compareFile(l, size/b.scale, yonder(), plainCopy())
}
