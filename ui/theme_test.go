package ui

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// contrast is the ratio that the accessibility guidelines define, 1 to 21.
func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	part := func(v uint32) float64 {
		x := float64(v) / 65535
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*part(r) + 0.7152*part(g) + 0.0722*part(b)
}

func TestEveryTextCanBeRead(t *testing.T) {
	const fg, muted = theme.ColorNameForeground, theme.ColorNamePlaceHolder
	pairs := map[fyne.ThemeColorName][]fyne.ThemeColorName{
		theme.ColorNameBackground:      {fg, muted, theme.ColorNamePrimary, theme.ColorNameError},
		theme.ColorNameInputBackground: {fg, muted},
		theme.ColorNameButton:          {fg},
		theme.ColorNamePrimary:         {theme.ColorNameForegroundOnPrimary},
		colorSidebar:                   {fg, muted, theme.ColorNameError},
		colorSelected:                  {fg, muted, theme.ColorNamePrimary},
		colorMine:                      {fg},
		colorTheirs:                    {fg},
		colorCard:                      {fg, muted, theme.ColorNameSuccess, theme.ColorNameWarning, theme.ColorNameError},
		colorAccentSoft:                {fg, muted, theme.ColorNameWarning, theme.ColorNamePrimary},
		colorSuccessSoft:               {theme.ColorNameSuccess},
		colorWarningSoft:               {fg, theme.ColorNameWarning},
		colorErrorSoft:                 {fg, theme.ColorNameError},
		colorNeutralSoft:               {muted},
	}
	for name, force := range map[string]string{"light": "light", "dark": "dark"} {
		for back, texts := range pairs {
			for _, text := range texts {
				l := look{force: force}
				if got := contrast(l.Color(back, 0), l.Color(text, 0)); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", name, text, back, got)
				}
			}
		}
	}
	for i, c := range avatarColors {
		if got := contrast(c, color.White); got < 4.5 {
			t.Errorf("white on avatar colour %d has a contrast of %.2f, want 4.5", i, got)
		}
	}
}

func TestBothPalettesHaveTheSameColours(t *testing.T) {
	for name := range lightColors {
		if darkColors[name] == nil {
			t.Errorf("dark has no %s", name)
		}
	}
	if len(lightColors) != len(darkColors) {
		t.Errorf("light has %d colours, dark %d", len(lightColors), len(darkColors))
	}
}

func TestForcedThemeIgnoresTheSystem(t *testing.T) {
	light := look{}.Color(theme.ColorNameBackground, theme.VariantLight)
	dark := look{}.Color(theme.ColorNameBackground, theme.VariantDark)
	if light == dark {
		t.Fatal("light and dark have the same background")
	}
	if got := (look{force: "dark"}).Color(theme.ColorNameBackground, theme.VariantLight); got != dark {
		t.Errorf("forced dark on a light system = %v, want %v", got, dark)
	}
	if got := (look{force: "light"}).Color(theme.ColorNameBackground, theme.VariantDark); got != light {
		t.Errorf("forced light on a dark system = %v, want %v", got, light)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Alice Meyer": "AM", "alice": "A", "quiet-otter": "QO", "林晓雯": "晓雯", "李": "李", "": "?", "…": "?", "🙂 bob": "B", "éric": "É", "A B C": "AC", "林 Lin": "林",
	} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}
