// Package packaging turns a built Yonder into what people install, and holds the
// one picture that every package, window and tray icon shows.
//
// Start with [Icon], which is all that the program itself takes from here. The
// rest are programs and descriptions that `make packages` runs, one folder each:
//
//   - icongen draws icon.png, icon.ico and icon.icns from icon.svg.
//   - meta reads name, version and icon from FyneApp.toml, the only place where
//     they are written down, and fills them into the descriptions below.
//   - licenses collects the licence texts of everything a binary contains.
//   - linux, windows and macos hold the descriptions of the packages.
//   - check tries the packages: in clean roots, and under Wine.
//   - gotest runs `go test` and names what was skipped; typecheck checks the code
//     for macOS without a Mac.
//   - tools pins the packaging tools, in a module of its own so that they are
//     no dependency of the program.
//
// Nothing here runs inside Yonder, opens a file of the user or a socket.
package packaging

import _ "embed"

// Icon is the program's icon: a PNG of 512×512 pixels with transparent corners.
// It must not be changed by callers.
//
//go:embed icon.png
var Icon []byte
