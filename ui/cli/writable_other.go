//go:build !unix

package cli

// writable knows nothing here before something is written: the transfer says it.
func writable(string) error { return nil }
