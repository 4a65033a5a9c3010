package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"yonder/app"
)

// trustFlags are those of the trust command. What was not given stays as it is.
type trustFlags struct {
	accept string
	folder string
	most   int64
	update bool

	block, unblock, unpair bool

	given func(flag string) bool
}

func (p *program) trustCommand() *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:   "trust PEER",
		Short: "Say what happens to the offers of somebody",
		Long: `Say what happens to the offers of one person from now on; without flags, print what
holds. PEER is a name, a device id or a unique beginning of one, or host:port. It
need not be there now.

--accept always takes their offers without asking. It counts once you have compared
codes with them (yonder pair) and until then you are asked. never declines them
without asking; their messages still arrive.

--folder is where their offers land, unless yonder receive --save or you say
otherwise. {name}, {date} and {type} in it stand for what they are called, the day,
and Pictures, Video, Audio, Documents, Archives, Folders, Mixed or Other. What is
missing of it is made when an offer is accepted.

What belongs to a person belongs to the device: nobody gets it by taking a name.`,
		Example: `  yonder trust "Quiet Heron"
  yonder trust "Quiet Heron" --accept always --folder ~/incoming/heron --max 5G
  yonder trust "Quiet Heron" --folder "$HOME/incoming/{date}" --accept ask
  yonder trust "Quiet Heron" --block`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef(`"yonder peers" lists who is there`, "trust whom? PEER is missing")
			case len(args) > 1:
				return usagef("put a name with spaces into quotes", "trust takes one peer, got %d arguments", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags().Changed
			return p.trust(cmd.Context(), args[0], f)
		},
	}
	set := cmd.Flags()
	choiceVar(cmd, set, &f.accept, "accept", "", "what happens to their offers", "ask", "always", "never")
	set.StringVar(&f.folder, "folder", "", "`DIR` in which their offers land; \"\": the usual one")
	set.Var(&sizeValue{&f.most}, "max", "ask about offers larger than `SIZE` bytes, such as 500M or 5G; 0: about none for its size")
	set.BoolVar(&f.update, "update", false, "what they send with --policy update replaces what is in --folder, without asking")
	set.BoolVar(&f.block, "block", false, "take nothing from them, no message either")
	set.BoolVar(&f.unblock, "unblock", false, "end that")
	set.BoolVar(&f.unpair, "unpair", false, "forget that you compared codes with them")
	if err := cmd.MarkFlagDirname("folder"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// check refuses flags that contradict each other.
func (f *trustFlags) check() error {
	levels := 0
	for _, on := range []bool{f.block, f.unblock, f.unpair} {
		if on {
			levels++
		}
	}
	switch {
	case levels > 1:
		return usagef("say one of them", "--block, --unblock and --unpair exclude each other")
	case f.block && (f.accept == "always" || f.update):
		return usagef("say one of them", "--block takes nothing, --accept always and --update do")
	case f.unpair && (f.accept == "always" || f.update):
		return usagef("say one of them", "--accept always and --update count for those with whom codes were compared, which --unpair forgets")
	}
	return nil
}

// level returns how far somebody is to be trusted who is trusted so far now.
func (f *trustFlags) level(now app.Level) app.Level {
	switch {
	case f.block:
		return app.Blocked
	case f.unblock && now == app.Blocked, f.unpair && now >= app.Paired:
		return app.Known
	}
	return now
}

// rule returns the rule that is to hold after the one that holds now.
func (f *trustFlags) rule(now app.Rule) (app.Rule, error) {
	if f.given("accept") {
		now.Accept = app.RuleAccept(f.accept)
		if f.accept == "ask" {
			now.Accept = app.RuleAsk
		}
	}
	if f.given("folder") {
		now.Folder = f.folder
		if f.folder == "" {
			now.Update = false // there is no folder for it any more
		} else if path, err := filepath.Abs(f.folder); err == nil {
			now.Folder = path
		} else {
			return now, usagef("", "--folder %q: %v", f.folder, err)
		}
	}
	if f.given("max") {
		now.MaxBytes = f.most
	}
	if f.given("update") {
		now.Update = f.update
	}
	return now, nil
}

// trust runs the command from its arguments to its exit code.
func (p *program) trust(ctx context.Context, peer string, f trustFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	o, err := p.options()
	if err != nil {
		return err
	}
	b, events, _, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	person, err := b.Find(ctx, peer, 0) // whoever is known need not be there
	if err != nil && app.AsProblem(err).Code == app.CodeNotFound {
		var found []app.Person
		if found, err = p.find(ctx, b, []string{peer}, events, func(app.Event) {}); err == nil {
			person = found[0]
		}
	}
	if err != nil {
		return err
	}
	again := func(err error) error { // the order first, then what holds after it
		if err == nil {
			person, err = b.Find(ctx, person.ID.String(), 0)
		}
		return err
	}
	if level := f.level(person.Level); level != person.Level {
		if err := again(b.SetTrust(ctx, person.ID, level)); err != nil {
			return err
		}
	}
	rule, err := f.rule(person.Rule)
	if err == nil && rule != person.Rule {
		err = again(b.SetRule(ctx, person.ID, rule))
	}
	if err != nil {
		return trustError(err)
	}
	p.printer.print(trustEvent{Peer: whoIs(person), Rule: *ruleOf(person)})
	return nil
}

// trustError names the flag where the backend names a field.
func trustError(err error) error {
	problem := app.AsProblem(err)
	if flag := map[string]string{"folder": "--folder", "max_bytes": "--max", "update": "--update", "accept": "--accept"}[problem.Detail]; problem.Code == app.CodeBadSetting && flag != "" {
		copied := *problem
		copied.Text = flag + " cannot be " + problem.Object
		return &copied
	}
	return err
}

// sizeValue is a count of bytes; 0: none.
type sizeValue struct{ size *int64 }

func (v *sizeValue) Type() string   { return "SIZE" }
func (v *sizeValue) String() string { return app.FormatSize(*v.size) }

func (v *sizeValue) Set(s string) (err error) {
	*v.size, err = app.ParseSize(s)
	return err
}
