package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"yonder/app"
)

// flags are those that every command takes.
type flags struct {
	data        string
	name        string
	port        int
	discovery   string
	noDiscovery bool
	json        bool
	quiet       bool
	logLevel    string
	visible     string // of the commands that others can see
}

// register adds the flags to the root command, for it and all others.
func (f *flags) register(root *cobra.Command) {
	set := root.PersistentFlags()
	set.StringVar(&f.data, "data", "", "profile folder `DIR` (default $YONDER_DATA, else one in the user's configuration folder)")
	set.Var(&nameValue{&f.name}, "name", "the `NAME` that others see, for this run")
	set.Var(&portValue{&f.port}, "port", "TCP port `N` to listen on, for this run (default 21925); others are always found over UDP port 21925")
	choiceVar(root, set, &f.discovery, "discovery", "", "how to look for others", "both", "mdns", "broadcast")
	set.BoolVar(&f.noDiscovery, "no-discovery", false, "neither look for others nor be found; peers are given as host:port")
	set.BoolVar(&f.json, "json", false, "print one JSON object in each line")
	set.BoolVar(&f.quiet, "quiet", false, "print only what was asked for, and errors")
	choiceVar(root, set, &f.logLevel, "log-level", "off", "what to log on standard error; yonder.log in the profile has it from info on", "off", "error", "warn", "info", "debug")
	if err := root.MarkPersistentFlagDirname("data"); err != nil {
		panic(err) // the flag is three lines above
	}
}

// registerVisible adds the flag of commands that others can see.
func (f *flags) registerVisible(cmd *cobra.Command) {
	usage := "who sees this computer and may connect, for this run; 10m: everyone for 10 minutes, then as set, or paired people if that is everyone (default: as set, else everyone)"
	choiceVar(cmd, cmd.Flags(), &f.visible, "visible", "", usage, "everyone", "10m", "paired", "nobody")
}

// options returns what the flags mean for the backend.
func (p *program) options() (app.Options, error) {
	f := &p.flags
	o := app.Options{Name: f.name, Port: f.port, Discovery: f.discovery, Visible: app.Visibility(f.visible), Version: p.version, Log: slog.New(slog.DiscardHandler)}
	if f.noDiscovery {
		if f.discovery != "" {
			return o, usagef("leave one of them out", "--discovery and --no-discovery contradict each other")
		}
		o.Discovery = "none"
	}
	if f.data != "" {
		dir, err := filepath.Abs(f.data)
		if err != nil {
			return o, usagef("", "--data %q: %v", f.data, err)
		}
		o.Dir = dir
	}
	if f.logLevel != "off" {
		var level slog.Level
		if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
			return o, usagef("", "--log-level %q: %v", f.logLevel, err)
		}
		o.Log = p.screen.logger(level)
	}
	return o, nil
}

// wantsJSON looks for --json before the arguments are properly read.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch {
		case arg == "--":
			return false
		case arg == "--json":
			return true
		case strings.HasPrefix(arg, "--json="):
			on, err := strconv.ParseBool(arg[len("--json="):])
			return err == nil && on
		}
	}
	return false
}

// choice is a flag with a few allowed values.
type choice struct {
	value   *string
	allowed []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(s string) error {
	for _, a := range c.allowed {
		if s == a {
			*c.value = s
			return nil
		}
	}
	last := len(c.allowed) - 1
	return fmt.Errorf("want %s or %s", strings.Join(c.allowed[:last], ", "), c.allowed[last])
}

// choiceVar defines a flag with a few allowed values, which shells complete.
func choiceVar(cmd *cobra.Command, set *pflag.FlagSet, value *string, name, standard, usage string, allowed ...string) {
	*value = standard
	set.Var(&choice{value, allowed}, name, usage)
	if err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is defined one line above
	}
}

// portValue is a port that one can listen on, 1 to 65535.
type portValue struct{ port *int }

func (v *portValue) Type() string { return "N" }

func (v *portValue) String() string {
	if v.port == nil || *v.port == 0 {
		return ""
	}
	return strconv.Itoa(*v.port)
}

func (v *portValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return errors.New("want a number from 1 to 65535")
	}
	*v.port = n
	return nil
}

// nameValue is a name that others may be shown: 1 to 32 characters in at most
// 128 bytes, none of them invisible.
type nameValue struct{ name *string }

func (v *nameValue) Type() string   { return "NAME" }
func (v *nameValue) String() string { return *v.name }

func (v *nameValue) Set(s string) error {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return errors.New("want at least one character")
	case !utf8.ValidString(s), strings.ContainsFunc(s, unsafe):
		return errors.New("want no control characters or invisible ones")
	case utf8.RuneCountInString(s) > 32, len(s) > 128:
		return errors.New("want at most 32 characters and 128 bytes")
	}
	*v.name = s
	return nil
}

// waitValue is a duration of 0 or more.
type waitValue struct{ wait *time.Duration }

func (v *waitValue) Type() string { return "duration" }

func (v *waitValue) String() string {
	s := v.wait.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	return s
}

func (v *waitValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if s == "0" {
		d, err = 0, nil
	}
	if err != nil || d < 0 {
		return errors.New("want 0 or a duration such as 30s or 10m")
	}
	*v.wait = d
	return nil
}

// rateValue is a limit in bytes per second; 0: none.
type rateValue struct{ rate *int64 }

func (v *rateValue) Type() string   { return "RATE" }
func (v *rateValue) String() string { return app.FormatRate(*v.rate) }

func (v *rateValue) Set(s string) (err error) {
	*v.rate, err = app.ParseRate(s)
	return err
}

// flagError puts the errors of flags into our form: the flag, the value, what
// would be right.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if bad.GetFlag().Name == "discovery" && bad.GetValue() == "none" {
			hint = "--no-discovery switches it off"
		}
		return usagef(hint, "--%s %.80q: %v", bad.GetFlag().Name, bad.GetValue(), bad.Unwrap())
	}
	return usagef(hint, "%v", err)
}
