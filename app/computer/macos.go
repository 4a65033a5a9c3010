package computer

import (
	"regexp"
	"strings"
)

const socketFilter = "/usr/libexec/ApplicationFirewall/socketfilterfw"

var macosState = regexp.MustCompile(`State = (\d)`)

// macosJudge reads "socketfilterfw --getglobalstate" and "--getappblocked PROGRAM". on is
// false where the state is not understood.
func macosJudge(global, program string) (on bool, v Verdict) {
	m := macosState.FindStringSubmatch(global)
	switch {
	case m == nil:
		return false, Unknown
	case m[1] == "0":
		return false, Open
	case m[1] == "2": // all incoming connections
		return true, Blocked
	case strings.Contains(program, "permitted"):
		return true, Open
	case strings.Contains(program, "blocked"):
		return true, Blocked
	}
	return true, Maybe
}

// macosOpen is the command that lets others in.
func macosOpen(exe string) string {
	return "sudo " + socketFilter + " " + shellWords("--add", exe, "--unblockapp", exe)
}
