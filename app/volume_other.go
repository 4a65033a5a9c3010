//go:build !unix

package app

// mountPoint is "": on Windows a volume that is not there has no path.
func mountPoint(string) string { return "" }

// isMounted is not asked where there is no [mountPoint].
func isMounted(string) bool { return true }
