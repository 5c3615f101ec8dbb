package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

// Breaks is what all changes together break.
func (r *Report) Breaks() Breaks {
	all := BreaksNone
	for _, c := range r.Changes {
		all |= c.Breaks
	}
	return all
}

// Summary counts the changes, in a few words.
func (r *Report) Summary() string {
	readers, writers := 0, 0
	for _, c := range r.Changes {
		if c.Breaks&BreaksReaders != 0 {
			readers++
		}
		if c.Breaks&BreaksWriters != 0 {
			writers++
		}
	}
	if len(r.Changes) == 0 {
		return "nothing changed on the wire"
	}
	changes := "changes"
	if len(r.Changes) == 1 {
		changes = "change"
	}
	return fmt.Sprintf("%d %s on the wire, %d may break readers, %d may break writers; Go identifiers: %d added, %d removed, %d changed",
		len(r.Changes), changes, readers, writers, r.count("added"), r.count("removed"), r.count("changed"))
}

func (r *Report) count(change string) int {
	n := 0
	for _, i := range r.Go {
		if i.Change == change {
			n++
		}
	}
	return n
}

// A Section is the changes of one definition, or those of methods.
type Section struct {
	Title   string
	Changes []*Change
}

// Sections are the report's changes by what they belong to: methods, whole
// definitions, then each definition that changed.
func (r *Report) Sections() []*Section {
	methods, whole := &Section{Title: "Methods"}, &Section{Title: "Definitions"}
	var rest []*Section
	for _, c := range r.Changes {
		switch {
		case c.isMethod():
			methods.Changes = append(methods.Changes, c)
		case slices.Contains([]ChangeKind{DefinitionAdded, DefinitionRemoved, DefinitionRenamed}, c.Kind):
			whole.Changes = append(whole.Changes, c)
		case len(rest) > 0 && rest[len(rest)-1].Title == c.owner():
			rest[len(rest)-1].Changes = append(rest[len(rest)-1].Changes, c)
		default:
			rest = append(rest, &Section{c.owner(), []*Change{c}})
		}
	}
	return slices.DeleteFunc(slices.Concat([]*Section{methods, whole}, rest), func(s *Section) bool { return len(s.Changes) == 0 })
}

// Text is the report for a terminal.
func (r *Report) Text() ([]byte, error) { return r.render("diff.txt.tmpl") }

// Markdown is the report for a page.
func (r *Report) Markdown() ([]byte, error) { return r.render("diff.md.tmpl") }

// JSON is the report for programs.
func (r *Report) JSON() ([]byte, error) {
	return marshalIndent(struct {
		Summary string `json:"summary"`
		Breaks  Breaks `json:"breaks"`
		*Report
	}{r.Summary(), r.Breaks(), r})
}

// ParseReport reads what JSON writes.
func ParseReport(data []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return &r, nil
}

func (r *Report) render(name string) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"mark": func(c *Change) string { return map[bool]string{true: "!", false: " "}[c.Breaks != BreaksNone] },
		"sign": func(change string) string {
			return map[string]string{"added": "+", "removed": "-", "changed": "~"}[change]
		},
		"cell": cell, "became": became, "breaks": breaksWhom, "verdict": verdict, "goNames": goNames,
	}).ParseFS(templateFiles, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, r); err != nil {
		return nil, err
	}
	return append(bytes.TrimSpace(out.Bytes()), '\n'), nil
}

// became is the before and after of a change.
func became(c *Change) string {
	switch {
	case c.From != "" && c.To != "":
		return c.From + " => " + c.To
	case c.From != "":
		return c.From
	}
	return c.To
}

// verdict says whom a change breaks.
func verdict(c *Change) string {
	if c.Breaks == BreaksNone {
		return ""
	}
	return "breaks " + breaksWhom(c)
}

// breaksWhom names who may break, by the roles of the peers where they are known.
func breaksWhom(c *Change) string {
	if c.Breaks == BreaksNone {
		return "nobody"
	}
	var parts []string
	for _, side := range []struct {
		breaks Breaks
		word   string
		roles  []string
	}{{BreaksReaders, "readers", c.Readers}, {BreaksWriters, "writers", c.Writers}} {
		if c.Breaks&side.breaks == 0 {
			continue
		}
		word := side.word
		if len(side.roles) > 0 {
			word += " (" + strings.Join(side.roles, ", ") + ")"
		}
		parts = append(parts, word)
	}
	return strings.Join(parts, " and ")
}

func goNames(list []*Identifier) string {
	var names []string
	for _, i := range list {
		names = append(names, i.String())
	}
	return strings.Join(names, ", ")
}

// cell is text as it may stand in a table's cell.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "[", "\\[", "*", "\\*", "_", "\\_").Replace(text)
}
