//go:build !headless && x11 && (linux || freebsd || openbsd || netbsd)

package desktop

// hasWayland says whether this build can open a window without X11.
const hasWayland = false
