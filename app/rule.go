package app

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// RuleAccept says what happens to the offers of one person.
type RuleAccept string

const (
	RuleAsk    RuleAccept = ""       // the user is asked
	RuleAlways RuleAccept = "always" // taken without asking, while the person is Paired or Mine; else asked
	RuleNever  RuleAccept = "never"  // declined without asking, and so is comparing codes; messages come as before
)

// Rule is what the user decided once about the offers of one person. It belongs to a device
// and never to a name: another device called the same begins without. judge.go says how it
// goes together with everything else that decides.
type Rule struct {
	Accept   RuleAccept `json:"accept,omitempty"`
	Folder   string     `json:"folder,omitempty"`    // absolute; where their offers land; may have {name}, {date} and {type}, see landing.go; empty: the usual one
	MaxBytes int64      `json:"max_bytes,omitempty"` // larger offers are asked about; 0: none is for its size
	Update   bool       `json:"update,omitempty"`    // while Paired or Mine: what they take as an update replaces what is in Folder, without asking
}

// problem returns what is wrong with the first invalid field, nil if none is. It does not
// look at the disk.
func (r *Rule) problem() *Problem {
	bad := func(value, field, hint string) *Problem {
		p := newProblem(CodeBadSetting, cut(value, 60, 240), field)
		p.Hint = hint
		return p
	}
	switch {
	case !slices.Contains([]RuleAccept{RuleAsk, RuleAlways, RuleNever}, r.Accept):
		return bad(string(r.Accept), "accept", `choose "always", "never", or nothing to be asked`)
	case r.Folder != "" && (!filepath.IsAbs(r.Folder) || strings.ContainsRune(r.Folder, 0)):
		return bad(r.Folder, "folder", "give the whole path of a folder")
	case !knownPlaceholders(r.Folder):
		return bad(r.Folder, "folder", "{name}, {date} and {type} can stand in a folder, below a part without them")
	case badSize(r.MaxBytes):
		return bad(strconv.FormatInt(r.MaxBytes, 10), "max_bytes", errSize.Error())
	case r.Update && r.Folder == "":
		return bad("true", "update", "choose a folder for them first: only what is in it can be updated")
	case r.Update && strings.Contains(r.Folder, "{name}"):
		return bad("true", "update", "choose a folder without {name}: they would name the folder in which files are replaced")
	}
	return nil
}

// SetRule implements [Backend].
func (a *App) SetRule(ctx context.Context, id DeviceID, rule Rule) error {
	if p := rule.problem(); p != nil {
		return p
	}
	if rule.Folder != "" {
		rule.Folder = filepath.Clean(rule.Folder)
	}
	a.mu.Lock()
	p := a.people[id]
	if p == nil {
		a.mu.Unlock()
		return newProblem(CodeNotFound, id.Short(), "")
	}
	was, base, mount := p.rec.Rule.Folder, p.rec.RuleBase, p.rec.RuleMount
	a.mu.Unlock()
	switch {
	case rule.Folder == was: // it may be on a disk that is not attached now
	case rule.Folder == "":
		base, mount = "", ""
	default:
		base = existingPart(rule.Folder)
		mount = mountPoint(base)
		if trouble := checkFolder(base, false); trouble != nil {
			bad := newProblem(CodeBadSetting, rule.Folder, "folder")
			bad.Hint = trouble.Text
			return bad
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p = a.people[id]; p == nil { // forgotten meanwhile
		return newProblem(CodeNotFound, id.Short(), "")
	}
	a.setRule(p, rule, base, mount)
	return nil
}

// setRule makes a valid rule count at once. The caller holds mu.
func (a *App) setRule(p *person, rule Rule, base, mount string) {
	p.rec.Rule, p.rec.RuleBase, p.rec.RuleMount = rule, base, mount
	a.remember(p)
	a.savePerson(p)
	a.show(p)
	if rule.Accept != RuleNever {
		return
	}
	for _, r := range a.runs { // what is on the screen is answered by this
		if r.rec.Person == p.rec.ID && r.in != nil && !r.answered {
			a.cancelIncoming(r)
		}
	}
	if c := a.comparing; c != nil && c.view.Person == p.rec.ID && !c.view.Ours {
		c.engine.Cancel()
	}
}

// distrust takes back what a rule allows somebody who is not Paired any more, or Blocked.
// What it forbids stays, and so do the folder and the size. The caller holds mu and saves p.
func (p *person) distrust() {
	if p.rec.Rule.Accept == RuleAlways {
		p.rec.Rule.Accept = RuleAsk
	}
	p.rec.Rule.Update = false
}
