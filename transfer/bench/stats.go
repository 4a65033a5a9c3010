//go:build linux

package main

import "slices"

// median returns the middle value, or the mean of the two in the middle; 0 of nothing.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// pick returns one figure of each sample.
func pick(samples []sample, figure func(sample) float64) []float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = figure(s)
	}
	return values
}

// ratios divides the figures of the same round: what slows down a whole round, such as
// other programs, drops out.
func ratios(over, under []float64) []float64 {
	values := make([]float64, len(over))
	for i := range over {
		values[i] = over[i] / under[i]
	}
	return values
}
