package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colours that Fyne has no name for.
const (
	colorSidebar     fyne.ThemeColorName = "yonderSidebar"     // behind the people
	colorMine        fyne.ThemeColorName = "yonderMine"        // bubble of what we sent
	colorTheirs      fyne.ThemeColorName = "yonderTheirs"      // bubble of what they sent
	colorCard        fyne.ThemeColorName = "yonderCard"        // a transfer
	colorCardBorder  fyne.ThemeColorName = "yonderCardBorder"  // its outline
	colorTrack       fyne.ThemeColorName = "yonderTrack"       // the empty part of a bar
	colorSelected    fyne.ThemeColorName = "yonderSelected"    // the chosen person
	colorAccentSoft  fyne.ThemeColorName = "yonderAccentSoft"  // behind something that wants an answer
	colorSuccessSoft fyne.ThemeColorName = "yonderSuccessSoft" // behind words of success
	colorWarningSoft fyne.ThemeColorName = "yonderWarningSoft" // behind words of warning
	colorErrorSoft   fyne.ThemeColorName = "yonderErrorSoft"   // behind words of failure
	colorNeutralSoft fyne.ThemeColorName = "yonderNeutralSoft" // behind words without a mood
)

// sizeCode is the size of a code that people read from the screen.
const sizeCode fyne.ThemeSizeName = "yonderCode"

// look is Yonder's theme: quiet surfaces, one blue accent, generous space. It
// follows the system between light and dark unless force says otherwise.
type look struct {
	force string // "light", "dark"; empty: the system's
}

var _ fyne.Theme = look{}

// Color implements [fyne.Theme]. Every text colour keeps a contrast of at least
// 4.5:1 on the surfaces it is used on; a test measures it.
func (l look) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch l.force {
	case "light":
		variant = theme.VariantLight
	case "dark":
		variant = theme.VariantDark
	}
	palette := lightColors
	if variant == theme.VariantDark {
		palette = darkColors
	}
	if c, ok := palette[name]; ok {
		return c
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Font implements [fyne.Theme] with the bundled fonts; characters that they lack,
// Chinese among them, come from the system.
func (look) Font(style fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(style) }

// Icon implements [fyne.Theme].
func (look) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size implements [fyne.Theme].
func (look) Size(name fyne.ThemeSizeName) float32 {
	if s, ok := sizes[name]; ok {
		return s
	}
	return theme.DefaultTheme().Size(name)
}

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameCaptionText:     12,
	theme.SizeNameText:            14,
	theme.SizeNameSubHeadingText:  16,
	theme.SizeNameHeadingText:     21,
	sizeCode:                      36,
	theme.SizeNamePadding:         4,
	theme.SizeNameInnerPadding:    8,
	theme.SizeNameInlineIcon:      18,
	theme.SizeNameInputRadius:     8,
	theme.SizeNameButtonRadius:    8,
	theme.SizeNameSelectionRadius: 8,
	theme.SizeNameCardRadius:      12,
	theme.SizeNamePopupRadius:     10,
	theme.SizeNameMenuRadius:      8,
	theme.SizeNameDialogRadius:    12,
	theme.SizeNameScrollBar:       8,
	theme.SizeNameScrollBarSmall:  4,
	theme.SizeNameScrollBarRadius: 4,
}

var lightColors = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          rgb(0xffffff),
	theme.ColorNameForeground:          rgb(0x1a2230),
	theme.ColorNamePlaceHolder:         rgb(0x5b6678),
	theme.ColorNameDisabled:            rgb(0x98a1b0),
	theme.ColorNamePrimary:             rgb(0x3159d8),
	theme.ColorNameHyperlink:           rgb(0x3159d8),
	theme.ColorNameForegroundOnPrimary: rgb(0xffffff),
	theme.ColorNameButton:              rgb(0xe9ecf2),
	theme.ColorNameDisabledButton:      rgb(0xf1f3f7),
	theme.ColorNameHover:               rgba(0x1a2230, 0x0d),
	theme.ColorNamePressed:             rgba(0x1a2230, 0x1f),
	theme.ColorNameFocus:               rgba(0x3159d8, 0x33),
	theme.ColorNameSelection:           rgba(0x3159d8, 0x38),
	theme.ColorNameInputBackground:     rgb(0xf7f8fb),
	theme.ColorNameInputBorder:         rgb(0xcfd5df),
	theme.ColorNameSeparator:           rgb(0xe3e7ee),
	theme.ColorNameScrollBar:           rgba(0x1a2230, 0x55),
	theme.ColorNameScrollBarBackground: color.Transparent,
	theme.ColorNameShadow:              rgba(0x1a2230, 0x14),
	theme.ColorNameMenuBackground:      rgb(0xffffff),
	theme.ColorNameOverlayBackground:   rgb(0xffffff),
	theme.ColorNameHeaderBackground:    rgb(0xf5f7fa),
	theme.ColorNameSuccess:             rgb(0x17733f),
	theme.ColorNameWarning:             rgb(0x8a5200),
	theme.ColorNameError:               rgb(0xbb2f2a),
	colorSidebar:                       rgb(0xf5f7fa),
	colorMine:                          rgb(0xdfe7ff),
	colorTheirs:                        rgb(0xf0f2f6),
	colorCard:                          rgb(0xffffff),
	colorCardBorder:                    rgb(0xdbe0e9),
	colorTrack:                         rgb(0xe3e7ee),
	colorSelected:                      rgb(0xdfe7ff),
	colorAccentSoft:                    rgb(0xeef2ff),
	colorSuccessSoft:                   rgb(0xdff4e7),
	colorWarningSoft:                   rgb(0xfdf0d9),
	colorErrorSoft:                     rgb(0xfdeae8),
	colorNeutralSoft:                   rgb(0xe9ecf2),
}

var darkColors = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          rgb(0x14171d),
	theme.ColorNameForeground:          rgb(0xe8ebf1),
	theme.ColorNamePlaceHolder:         rgb(0x9aa5b6),
	theme.ColorNameDisabled:            rgb(0x5f6a7b),
	theme.ColorNamePrimary:             rgb(0x86a2ff),
	theme.ColorNameHyperlink:           rgb(0x9db4ff),
	theme.ColorNameForegroundOnPrimary: rgb(0x0d1430),
	theme.ColorNameButton:              rgb(0x2b323e),
	theme.ColorNameDisabledButton:      rgb(0x20252e),
	theme.ColorNameHover:               rgba(0xffffff, 0x0f),
	theme.ColorNamePressed:             rgba(0xffffff, 0x22),
	theme.ColorNameFocus:               rgba(0x86a2ff, 0x40),
	theme.ColorNameSelection:           rgba(0x86a2ff, 0x48),
	theme.ColorNameInputBackground:     rgb(0x1d222a),
	theme.ColorNameInputBorder:         rgb(0x3a4351),
	theme.ColorNameSeparator:           rgb(0x282e38),
	theme.ColorNameScrollBar:           rgba(0xffffff, 0x4d),
	theme.ColorNameScrollBarBackground: color.Transparent,
	theme.ColorNameShadow:              rgba(0x000000, 0x40),
	theme.ColorNameMenuBackground:      rgb(0x20252e),
	theme.ColorNameOverlayBackground:   rgb(0x20252e),
	theme.ColorNameHeaderBackground:    rgb(0x1a1e25),
	theme.ColorNameSuccess:             rgb(0x6cd69a),
	theme.ColorNameWarning:             rgb(0xf0b95c),
	theme.ColorNameError:               rgb(0xff9088),
	colorSidebar:                       rgb(0x1a1e25),
	colorMine:                          rgb(0x2c3c6e),
	colorTheirs:                        rgb(0x232831),
	colorCard:                          rgb(0x1b2027),
	colorCardBorder:                    rgb(0x323a46),
	colorTrack:                         rgb(0x323a46),
	colorSelected:                      rgb(0x2a3559),
	colorAccentSoft:                    rgb(0x1d2740),
	colorSuccessSoft:                   rgb(0x183527),
	colorWarningSoft:                   rgb(0x3a2e17),
	colorErrorSoft:                     rgb(0x41221f),
	colorNeutralSoft:                   rgb(0x2b323e),
}

func rgb(v uint32) color.Color { return rgba(v, 0xff) }

func rgba(v uint32, alpha uint8) color.Color {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: alpha}
}
