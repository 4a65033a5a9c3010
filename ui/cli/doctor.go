package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"yonder/app"
)

// examineTime is how long an examination takes where something does not answer.
const examineTime = 5 * time.Second

func (p *program) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [HOST[:PORT]...]",
		Short: "Find out why somebody is not found or not reached",
		Long: `Find out why somebody is not found or not reached: the port, the networks, firewalls
of this computer, whether announcements leave, come back and arrive, and whether
those who are around can be connected to. With HOST, that address is tried too.
It takes about five seconds and changes nothing.

Beside an open window it examines that Yonder. Some things only root may see.

Exit codes: 0 nothing is wrong, 1 something is.`,
		Example: `  yonder doctor
  yonder doctor 192.168.1.20
  yonder doctor --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.doctor(cmd.Context(), args) },
	}
}

// doctor runs the command from its arguments to its exit code.
func (p *program) doctor(ctx context.Context, addrs []string) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	b, _, _, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	p.printer.print(examiningEvent{WaitMS: examineTime.Milliseconds()})
	report, err := b.Doctor(ctx, addrs)
	switch {
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return interrupted("stopped while examining the network")
	case err != nil:
		return err
	}
	for _, f := range report.Findings {
		p.printer.print(foundIs(f))
	}
	summary := doctorEvent{
		Severity: string(report.Worst()), Verdict: verdict(&report), Listening: report.Listening, Discovery: report.Discovery,
		Interfaces: report.Links, People: report.Peers, Firewalls: report.Firewalls, TookMS: report.TookMS,
	}
	for _, f := range report.Findings {
		switch f.Severity {
		case app.SeverityProblem:
			summary.Problems++
		case app.SeverityWarning:
			summary.Warnings++
		case app.SeverityNote:
			summary.Notes++
		}
	}
	p.printer.print(summary)
	if report.Worst().Worse(app.SeverityNote) {
		return ended(exitFailed)
	}
	return nil
}

// foundIs returns the event form of a finding.
func foundIs(f app.Finding) findingEvent {
	s := sentencesOf(f)
	return findingEvent{Code: f.Code, Severity: string(f.Severity), What: s.what, Why: s.why, Do: s.do, Command: f.Command, Params: f.Params}
}
