package app

import "yonder/transfer"

// ruling is what happens to an offer that does not go on with one that was accepted.
type ruling int

const (
	ask    ruling = iota // it waits for [Backend.Answer]
	take                 // accepted without asking
	nobody               // declined with [CodeNobody]: it would be asked about, and nobody is there
	refuse               // declined without asking
	await                // nothing yet: it is small enough so far, and still growing
)

// question is all that decides about an offer.
type question struct {
	level    Level
	rule     Rule
	accept   Accept // of [Options]
	attended bool   // somebody may answer: there is a window, or a command that receives
	askAbove int64  // of [Settings]
	bytes    int64  // of the offer so far
	final    bool   // they will not rise any more
}

// judge is the one place that says how rules, options and limits go together:
//
//	Options.Accept    Rule never    Rule always (Paired, Mine)    any other
//	"" with a window
//	   or receiving   refuse        take                          ask
//	ask               refuse        ask                           ask
//	paired            refuse        take                          take if Paired or Mine, else nobody
//	all               refuse        take                          take
//	"" only sending   refuse        nobody                        nobody
//
// What would be taken, but is larger than Rule.MaxBytes or Settings.AskAbove, is asked about;
// where nobody is there to ask (paired, all), it is declined with nobody.
//
//   - never wins over everything, a resumed transfer too: it was said about this very person,
//     while --accept all was said about nobody in particular.
//   - ask wins over always, because whoever types it wants to see each offer of this run.
//     Without it yonder receive follows the rules and asks about the rest, as a window does.
//   - paired and all add people to those whom rules name; they take no limit away. A limit is
//     there for what nobody looks at, and under them nobody does.
//   - a command that only sends takes nothing: it ends when its own work is done.
//
// What is taken replaces files only where granted says so. A limit counts for each offer by itself. While one is still being counted at its sender it is
// taken when its total is known, since nothing could be asked once it runs.
func (q question) judge() ruling {
	trusted := q.level >= Paired
	switch {
	case q.rule.Accept == RuleNever:
		return refuse
	case q.accept == AcceptAsk:
		return ask
	case q.accept == AcceptAll:
		return q.within(nobody)
	case q.accept == AcceptPaired && trusted:
		return q.within(nobody)
	case q.accept == AcceptPaired, !q.attended:
		return nobody
	case q.rule.Accept == RuleAlways && trusted:
		return q.within(ask)
	}
	return ask
}

// within takes an offer unless it is larger than what is taken without asking.
func (q question) within(larger ruling) ruling {
	limited := false
	for _, limit := range []int64{q.rule.MaxBytes, q.askAbove} {
		if limit > 0 && q.bytes > limit {
			return larger
		}
		limited = limited || limit > 0
	}
	if limited && !q.final {
		return await
	}
	return take
}

// judge decides about an offer of p as it is now. The caller holds mu.
func (a *App) judge(p *person, facts offerFacts, now transfer.Progress) ruling {
	if facts.Partial != nil && p.rec.Rule.Accept != RuleNever {
		return take // within what was accepted before
	}
	return question{
		level: p.rec.Level, rule: p.rec.Rule, accept: a.opt.Accept, attended: a.opt.Window || a.opt.Listen,
		askAbove: a.settings.AskAbove, bytes: now.Bytes, final: now.Final,
	}.judge()
}
