//go:build headless

package desktop

import (
	"errors"
	"testing"

	"yonder/app"
)

func TestHeadlessBuildSaysSo(t *testing.T) {
	err := Run(t.Context(), app.Options{}, nil)
	w, ok := err.(interface{ NoWindow() bool })
	if !errors.Is(err, ErrNoWindow) || !ok || !w.NoWindow() {
		t.Errorf("Run = %v, want ErrNoWindow", err)
	}
}
