//go:build linux

package main

import (
	"slices"
	"testing"
	"time"
)

// The rates are of the time in which both moved, here the seconds 2 to 4.
func TestRatesTogether(t *testing.T) {
	way := func(seconds ...float64) (way []point) { // pairs of time and bytes
		for i := 0; i < len(seconds); i += 2 {
			way = append(way, point{time.Unix(0, 0).Add(time.Duration(seconds[i] * float64(time.Second))), int64(seconds[i+1])})
		}
		return way
	}
	got, err := ratesTogether([][]point{
		way(0, 0, 3, 300, 4, 900),       // at 2: 200
		way(2, 0, 3, 50, 5, 250, 6, 10), // at 4: 150
	})
	if want := []float64{350, 75}; err != nil || !slices.Equal(got, want) {
		t.Errorf("ratesTogether = %v, %v, want %v", got, err, want)
	}
	for _, ways := range [][][]point{
		{way(0, 0, 1, 10), way(1, 0, 2, 10)}, // one after the other
		{way(0, 0, 1, 10), way(1, 0)},
		{nil},
	} {
		if got, err := ratesTogether(ways); err == nil {
			t.Errorf("ratesTogether(%v) = %v, want an error", ways, got)
		}
	}
}
