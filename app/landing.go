package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"yonder/transfer"
)

// landing is where the offers of a person land unless the answer says otherwise.
type landing struct {
	folder string // absolute; "" if there is none
	base   string // the part of it that must exist: what is below is made; "": all of it is
	mount  string // where its volume was mounted when it was chosen; "": it is that of the root, or not known
	ruled  bool   // it is the one of the person's rule
}

// landing returns where an offer of p with these top-level names lands: what the command line
// says for this run, else the rule of p, else the settings, else the download folder. The
// caller holds mu.
func (a *App) landing(p *person, names []transfer.Name) landing {
	rule := p.rec.Rule
	switch {
	case a.override.Folder == "" && rule.Folder != "":
		name := p.rec.Name
		if a.twin(p) != nil { // a folder of their own, whatever others are called
			name += " " + p.rec.ID.Short()
		}
		return landing{folder: expandFolder(rule.Folder, name, time.Now(), kindOf(names)), base: p.rec.RuleBase, mount: p.rec.RuleMount, ruled: true}
	case a.chosenFolder():
		return a.again(p, a.folder())
	}
	return landing{folder: a.folder()}
}

// again returns a folder that was chosen before, by the settings or for offers of p, as a place
// to land in. The caller holds mu.
func (a *App) again(p *person, folder string) landing {
	l := landing{folder: folder, base: folder}
	if rel, err := filepath.Rel(p.rec.RuleBase, folder); p.rec.RuleBase != "" && err == nil && filepath.IsLocal(rel) {
		l.mount = p.rec.RuleMount
	}
	if a.place.Path == folder {
		l.mount = a.place.Mount
	}
	return l
}

// check reports why nothing can be received there, nil if it can, for which it makes the
// folders that are missing below base.
func (l landing) check() *Problem {
	if l.mount != "" && !isMounted(l.mount) { // the mount point must stay empty
		return newProblem(CodeNoFolder, l.folder, "its disk is not attached")
	}
	if l.base == "" || l.base == l.folder {
		return checkFolder(l.folder, l.base == "")
	}
	if info, err := os.Stat(l.base); err != nil {
		return newProblem(CodeNoFolder, l.base, cause(err))
	} else if !info.IsDir() {
		return newProblem(CodeNoFolder, l.base, "a file is there")
	}
	return checkFolder(l.folder, true)
}

// The placeholders of [Rule.Folder]. They are filled in when an offer is accepted, each with
// something that is one harmless name: never a separator, "..", a hidden name, or one that
// Windows reserves.
//
//	{name}  what the person is called then; with the beginning of the id where somebody else is called the same
//	{date}  the day, such as 2026-03-01
//	{type}  what kind of things it is, see kindOf
var placeholders = []string{"{name}", "{date}", "{type}"}

var bracesOf = regexp.MustCompile(`\{[^{}/\\]*\}`)

// knownPlaceholders reports whether all in a folder mean something, and none is in what says
// on which disk or computer it is.
func knownPlaceholders(folder string) bool {
	for _, found := range bracesOf.FindAllString(folder, -1) {
		if !slices.Contains(placeholders, found) {
			return false
		}
	}
	return !bracesOf.MatchString(filepath.VolumeName(folder))
}

// fixedPart returns the part of a clean folder above the first component with a placeholder.
func fixedPart(folder string) string {
	at := bracesOf.FindStringIndex(folder)
	if at == nil {
		return folder
	}
	return filepath.Dir(folder[:at[0]] + "x") // the component may begin before the brace
}

// existingPart returns the part of a clean folder that is on the disk now.
func existingPart(folder string) string {
	for part := fixedPart(folder); ; part = filepath.Dir(part) {
		if _, err := os.Stat(part); !os.IsNotExist(notFolder(err)) || part == filepath.Dir(part) {
			return part
		}
	}
}

// expandFolder fills in the placeholders of a clean folder.
func expandFolder(folder, name string, now time.Time, kind string) string {
	fixed := fixedPart(folder)
	if fixed == folder {
		return folder
	}
	fill := strings.NewReplacer("{name}", visibleName(name), "{date}", now.Format(time.DateOnly), "{type}", kind)
	path := fixed
	for _, part := range strings.Split(strings.TrimPrefix(folder[len(fixed):], string(filepath.Separator)), string(filepath.Separator)) {
		if bracesOf.MatchString(part) { // as a whole: "CO{name}" with "N" is a device on Windows
			part = transfer.LocalName(fill.Replace(part))
		}
		path = filepath.Join(path, part)
	}
	return path
}

// visibleName returns somebody's name as that of a folder that is not hidden: nobody gets
// into ".ssh" by that name.
func visibleName(name string) string {
	name = transfer.LocalName(name)
	if bare := strings.TrimLeft(name, "."); bare != name {
		name = "_" + bare
	}
	return name
}

// kinds are what {type} can be beside Folders, Mixed and Other, by the endings of names.
var kinds = func() map[string]string {
	m := map[string]string{}
	for kind, endings := range map[string]string{
		"Pictures":  "jpg jpeg png gif webp bmp tif tiff heic heif avif svg raw cr2 cr3 nef arw dng psd xcf",
		"Video":     "mp4 m4v mkv mov avi webm wmv flv mpg mpeg mts m2ts 3gp",
		"Audio":     "mp3 m4a flac wav ogg oga opus aac wma aif aiff mid",
		"Documents": "pdf doc docx odt rtf txt md tex epub xls xlsx ods csv ppt pptx odp pages numbers key html htm",
		"Archives":  "zip 7z rar tar gz tgz bz2 xz zst iso dmg",
	} {
		for _, ending := range strings.Fields(endings) {
			m["."+ending] = kind
		}
	}
	return m
}()

// kindOf sorts an offer by the first of its top-level names, at most 100: the kind that all
// of them are, Folders if all are folders, Other if nothing is known of any of them, else Mixed.
func kindOf(names []transfer.Name) string {
	kind := ""
	for _, n := range names {
		one := kinds[strings.ToLower(filepath.Ext(n.Name))]
		switch {
		case n.Folder:
			one = "Folders"
		case one == "":
			one = "Other"
		}
		if kind != "" && kind != one {
			return "Mixed"
		}
		kind = one
	}
	if kind == "" {
		return "Other"
	}
	return kind
}
