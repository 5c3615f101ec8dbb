package config

import "strings"

// A PatchTool is the kind of apply_patch tool that a model is offered.
type PatchTool string

// The kinds of apply_patch tools.
const (
	PatchToolNone     PatchTool = ""
	PatchToolFunction PatchTool = "function" // a function with one string argument
	PatchToolFreeform PatchTool = "freeform" // a custom tool with a grammar
)

// A Family is what models with a common origin have in common.
type Family struct {
	Slug               string    // the model asked for
	Name               string    // the family
	ReasoningSummaries bool      // takes a reasoning block
	PatchHint          bool      // has to be told how to call apply_patch
	LocalShell         bool      // calls the local_shell tool instead of shell
	PatchTool          PatchTool // the apply_patch tool it knows by itself
	Codex              bool      // trained for this use: a shorter base prompt will do
}

// Limits is how many tokens a model takes and gives.
type Limits struct{ ContextWindow, MaxOutputTokens int64 }

// families is tried in order; the first prefix that fits decides.
var families = []struct {
	prefix string
	Family
}{
	{"o3", Family{ReasoningSummaries: true, PatchHint: true}},
	{"o4-mini", Family{ReasoningSummaries: true, PatchHint: true}},
	{"codex-mini-latest", Family{ReasoningSummaries: true, PatchHint: true, LocalShell: true}},
	{"gpt-4.1", Family{PatchHint: true}},
	{"gpt-oss", Family{Name: "gpt-oss", PatchTool: PatchToolFunction}},
	{"openai/gpt-oss", Family{Name: "gpt-oss", PatchTool: PatchToolFunction}},
	{"gpt-4o", Family{PatchHint: true}},
	{"gpt-3.5", Family{PatchHint: true}},
	{"codex-", Family{ReasoningSummaries: true, Codex: true}},
	{"gpt-5-codex", Family{ReasoningSummaries: true, Codex: true}},
	{"gpt-5", Family{ReasoningSummaries: true, PatchHint: true}},
}

// FamilyOf returns the family of a model; known is false for a model that belongs
// to none. Such a one is its own family, with nothing special about it.
func FamilyOf(model string) (family Family, known bool) {
	for _, f := range families {
		if !strings.HasPrefix(model, f.prefix) {
			continue
		}
		family = f.Family
		family.Slug = model
		switch {
		case family.Codex:
			family.Name = model
		case family.Name == "":
			family.Name = f.prefix
		}
		return family, true
	}
	return Family{Slug: model, Name: model}, false
}

var limits = map[string]Limits{
	"gpt-oss-20b":        {96_000, 32_000},
	"gpt-oss-120b":       {96_000, 32_000},
	"o3":                 {200_000, 100_000},
	"o4-mini":            {200_000, 100_000},
	"codex-mini-latest":  {200_000, 100_000},
	"gpt-4.1":            {1_047_576, 32_768},
	"gpt-4.1-2025-04-14": {1_047_576, 32_768},
	"gpt-4o":             {128_000, 16_384},
	"gpt-4o-2024-08-06":  {128_000, 16_384},
	"gpt-4o-2024-11-20":  {128_000, 16_384},
	"gpt-4o-2024-05-13":  {128_000, 4_096},
	"gpt-3.5-turbo":      {16_385, 4_096},
}

// LimitsOf returns the limits of a model; ok is false when they are not known.
func LimitsOf(model string) (l Limits, ok bool) {
	if l, ok = limits[model]; ok {
		return l, true
	}
	if strings.HasPrefix(model, "gpt-5") || strings.HasPrefix(model, "codex-") {
		return Limits{272_000, 128_000}, true
	}
	return Limits{}, false
}
