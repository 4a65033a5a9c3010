package cli

import (
	"testing"

	"yonder/app"
)

func TestExitCodes(t *testing.T) {
	want := map[int][]string{
		exitFailed: {
			app.CodeWrongPeer, app.CodeVersion, app.CodeNoPath, app.CodeUnreadable, app.CodeSpecial, app.CodeLink, app.CodeBadName, app.CodeChanged,
			app.CodeDiskFull, app.CodeReadOnly, app.CodeNoFolder, app.CodeCorrupt, app.CodeCancelledBy, app.CodeCancelled, app.CodeProtocol,
			app.CodePortTaken, app.CodeRunning, app.CodeNoWindow, app.CodeDamaged, app.CodeNotSaved, app.CodeTooLong, app.CodeDiscovery, app.CodeBusy, app.CodeInternal, "never heard of",
		},
		exitUsage:       {codeUsage, codeNoWindow, app.CodeAmbiguous, app.CodeBadSetting},
		exitNotFound:    {app.CodeNotFound, app.CodeUnreachable},
		exitDeclined:    {app.CodeDeclined, app.CodeNobody},
		exitInterrupted: {app.CodeInterrupted, app.CodeStalled},
	}
	for exit, codes := range want {
		for _, code := range codes {
			if got := exitCode(code); got != exit {
				t.Errorf("exitCode(%q) = %d, want %d", code, got, exit)
			}
		}
	}
}

func TestWorse(t *testing.T) {
	for _, test := range []struct {
		reason     string
		a, b, want int
	}{
		{"success never hides anything", exitOK, exitDeclined, exitDeclined},
		{"a failure needs attention more than a no", exitDeclined, exitFailed, exitFailed},
		{"what can go on is worth a second call", exitDeclined, exitInterrupted, exitInterrupted},
		{"somebody who is not there", exitInterrupted, exitNotFound, exitNotFound},
		{"a wrong command line comes first", exitFailed, exitUsage, exitUsage},
	} {
		if got := worse(test.a, test.b); got != test.want {
			t.Errorf("%s: worse(%d, %d) = %d, want %d", test.reason, test.a, test.b, got, test.want)
		}
		if got := worse(test.b, test.a); got != test.want {
			t.Errorf("%s: worse(%d, %d) = %d, want %d", test.reason, test.b, test.a, got, test.want)
		}
	}
}
