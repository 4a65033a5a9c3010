package ui

import "yonder/app"

// Choices of the selects, as they stand in the settings, in the order shown.
var (
	languageChoices  = []string{"", english, chinese}
	themeChoices     = []string{"", "light", "dark"}
	sendKeyChoices   = []string{"return", "ctrl"}
	discoveryChoices = []string{"both", "mdns", "broadcast", "none"}
	gossipChoices    = []string{"on", "off"}
	policyChoices    = []app.Policy{app.KeepBoth, app.Update, app.SkipExisting}
)

// policies names the policyChoices.
func (w *words) policies() (names []string) {
	for _, policy := range policyChoices {
		names = append(names, w.L("settings.policy."+string(policy)))
	}
	return names
}
