//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describeMachine tells what the figures depend on besides the programs.
func describeMachine(yonder string) (string, error) {
	version, err := exec.Command(yonder, "version").Output()
	if err != nil {
		return "", fmt.Errorf("%s version: %w", yonder, err)
	}
	var text strings.Builder
	tell := func(what, value string) { fmt.Fprintf(&text, "- %s: %s\n", what, value) }
	tell("measured", time.Now().UTC().Format(time.DateOnly))
	tell("program", strings.TrimSpace(string(version)))
	tell("processor", fmt.Sprintf("%s, %d cores", cpuModel(readText("/proc/cpuinfo")), runtime.NumCPU()))
	total, _ := kilobytes(readText("/proc/meminfo"), "MemTotal")
	tell("memory", fmt.Sprintf("%.1f GiB", float64(total)/(1<<30)))
	tell("kernel", "Linux "+strings.TrimSpace(readText("/proc/sys/kernel/osrelease")))
	tell("compiler", runtime.Version())
	load := strings.Fields(readText("/proc/loadavg") + " ? ? ?")
	tell("load average before (1, 5, 15 min)", strings.Join(load[:3], ", "))
	return text.String(), nil
}

func readText(name string) string {
	text, _ := os.ReadFile(name) // what is missing is told as unknown
	return string(text)
}

// cpuModel returns the name of the processor in the text of /proc/cpuinfo.
func cpuModel(text string) string {
	for line := range strings.Lines(text) {
		field, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(field) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "unknown " + runtime.GOARCH
}
