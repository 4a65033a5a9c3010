package ui

import (
	"path/filepath"
	"strings"
)

// risky are the kinds of files that run something when they are opened; a row
// offers to show them in their folder only.
var risky = func() map[string]bool {
	set := map[string]bool{}
	for ext := range strings.FieldsSeq(".exe .com .bat .cmd .msi .msix .scr .pif .ps1 .psm1 .vbs .vbe .js .jse .wsf .wsh .hta " +
		".cpl .jar .reg .lnk .url .scf .inf .library-ms .search-ms .appref-ms .settingcontent-ms .msc .gadget .application " +
		".desktop .sh .bash .zsh .csh .run .appimage .deb .rpm .flatpakref .snap .py .pl .rb .php .command .app .pkg .dmg " +
		".terminal .workflow .scpt .webloc .inetloc .fileloc .iso .img .vhd .vhdx .chm .docm .xlsm .pptm") {
		set[ext] = true
	}
	return set
}()

// harmless reports whether a received path may get an Open button. On Windows a
// folder or file without extension is asked about by the shell itself.
func harmless(path, system string) bool {
	ext := strings.ToLower(filepath.Ext(strings.TrimRight(path, ". ")))
	return !risky[ext] && (ext != "" || system != "windows")
}
