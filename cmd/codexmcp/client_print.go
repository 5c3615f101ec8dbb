package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// offer is all that a server has, as JSON.
type offer struct {
	Server    mcptypes.InitializeResult    `json:"server"`
	Tools     *[]mcptypes.Tool             `json:"tools,omitempty"`
	Resources *[]mcptypes.Resource         `json:"resources,omitempty"`
	Templates *[]mcptypes.ResourceTemplate `json:"resourceTemplates,omitempty"`
	Prompts   *[]mcptypes.Prompt           `json:"prompts,omitempty"`
}

// list prints what the server offers of some kinds.
func (v *visitor) list(ctx context.Context, kinds ...string) error {
	o := offer{Server: v.session.Server()}
	for _, kind := range kinds {
		if len(kinds) > 1 && !v.has(kind) {
			continue
		}
		var err error
		switch kind {
		case "tools":
			o.Tools = new([]mcptypes.Tool)
			*o.Tools, err = collect(v.session.Tools(ctx))
		case "resources":
			o.Resources, o.Templates = new([]mcptypes.Resource), new([]mcptypes.ResourceTemplate)
			if *o.Resources, err = collect(v.session.Resources(ctx)); err == nil {
				*o.Templates, err = collect(v.session.ResourceTemplates(ctx))
			}
		case "prompts":
			o.Prompts = new([]mcptypes.Prompt)
			*o.Prompts, err = collect(v.session.Prompts(ctx))
		}
		if err != nil {
			return err
		}
	}
	if v.flags.json {
		return v.printJSON(&o)
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	o.print(w)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := v.out.Write(b.Bytes())
	return err
}

// print shows the offer to a person.
func (o *offer) print(w *tabwriter.Writer) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	info := o.Server.ServerInfo
	say("%s %s, revision %s", info.Name, info.Version, o.Server.ProtocolVersion)
	if o.Server.Instructions != "" {
		say("%s", firstLines(o.Server.Instructions, maxInstructions))
	}
	if o.Tools != nil {
		say("\nTools (%d)", len(*o.Tools))
		for _, t := range *o.Tools {
			say("  %s\t%s", t.Name, firstLine(t.Description))
			for _, line := range argumentLines(t.InputSchema) {
				say("\t  %s", line)
			}
		}
	}
	if o.Resources != nil {
		say("\nResources (%d)", len(*o.Resources)+len(*o.Templates))
		for _, r := range *o.Resources {
			say("  %s\t%s\t%s", r.URI, r.Name, firstLine(r.Description))
		}
		for _, r := range *o.Templates {
			say("  %s\t%s\t%s", r.URITemplate, r.Name, firstLine(r.Description))
		}
	}
	if o.Prompts != nil {
		say("\nPrompts (%d)", len(*o.Prompts))
		for _, p := range *o.Prompts {
			say("  %s\t%s", p.Name, firstLine(p.Description))
			for _, a := range p.Arguments {
				say("\t  %s%s", a.Name, must(a.Required != nil && *a.Required, a.Description))
			}
		}
	}
}

func must(required bool, description string) string {
	text := ""
	if required {
		text = " (required)"
	}
	if description != "" {
		text += ": " + firstLine(description)
	}
	return text
}

// argumentLines describe a tool's arguments, one line each, those that must be
// given first.
func argumentLines(schema wire.Raw) []string {
	var s toolSchema
	if schema.IsZero() || schema.Decode(&s) != nil {
		return nil
	}
	names := slices.SortedFunc(maps.Keys(s.Properties), func(a, b string) int {
		if x, y := slices.Contains(s.Required, a), slices.Contains(s.Required, b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	lines := make([]string, len(names))
	for i, name := range names {
		p := s.Properties[name]
		kind := ""
		if p.Type != nil {
			kind = fmt.Sprintf(" %v", p.Type)
		}
		lines[i] = name + kind + must(slices.Contains(s.Required, name), p.Description)
	}
	return lines
}

// maxInstructions is how many lines of a server's instructions are shown.
const maxInstructions = 5

// firstLines is the beginning of a text, and how much of it there is more.
func firstLines(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) <= most+1 {
		return strings.Join(lines, "\n")
	}
	return fmt.Sprintf("%s\n… (%d more lines; --json shows all)", strings.TrimSpace(strings.Join(lines[:most], "\n")), len(lines)-most)
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	return text
}

// printJSON prints a value, indented.
func (v *visitor) printJSON(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = v.out.Write(b.Bytes())
	return err
}

// printContent prints blocks of content: text as it is, other things by name.
func (v *visitor) printContent(content []mcptypes.ContentBlock) error {
	for _, block := range content {
		var err error
		switch b := block.(type) {
		case *mcptypes.TextContent:
			_, err = fmt.Fprintln(v.out, b.Text)
		case *mcptypes.ImageContent:
			_, err = fmt.Fprintf(v.out, "[image %s, %d bytes in base64]\n", b.MIMEType, len(b.Data))
		case *mcptypes.AudioContent:
			_, err = fmt.Fprintf(v.out, "[audio %s, %d bytes in base64]\n", b.MIMEType, len(b.Data))
		case *mcptypes.ResourceLink:
			_, err = fmt.Fprintf(v.out, "[resource %s %s]\n", b.URI, b.Name)
		case *mcptypes.EmbeddedResource:
			err = v.printContents(b.Resource)
		case *mcptypes.UnknownContentBlock:
			_, err = fmt.Fprintln(v.out, b.Raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *visitor) printContents(contents mcptypes.ResourceContents) error {
	var err error
	switch c := contents.(type) {
	case *mcptypes.TextResourceContents:
		_, err = fmt.Fprintln(v.out, c.Text)
	case *mcptypes.BlobResourceContents:
		_, err = fmt.Fprintf(v.out, "[%s %s, %d bytes in base64]\n", c.URI, c.MIMEType, len(c.Blob))
	}
	return err
}
