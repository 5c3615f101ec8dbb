package gen

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"
)

// Markdown returns a reference page of a package's protocol: its methods with
// params and results, its types with their members, linked to each other. Types
// have the names they have in Go, members and values those on the wire. The
// page's own path and those of other packages' pages, by import path, are for links.
func Markdown(pkg *Package, page string, pages map[string]string) ([]byte, error) {
	w := &pageWriter{Package: pkg, page: page, pages: pages, schema: &side{defs: pkg.schemas}, used: map[string][]string{}}
	for _, m := range pkg.Methods {
		for role, t := range map[string]*Type{"params": m.Params, "result": m.Result} {
			if t != nil && t.Import == "" {
				w.used[t.Name] = append(w.used[t.Name], fmt.Sprintf("the %s of `%s`", role, m.Wire))
			}
		}
	}
	t, err := template.New("markdown.tmpl").Funcs(template.FuncMap{
		"params": func(m *Method) string { return w.carried(m.Params, m.paramsAt) },
		"result": func(m *Method) string { return w.carried(m.Result, m.resultAt) },
		"text":   w.text, "prose": prose, "paragraphs": paragraphs, "title": title, "used": w.usedBy,
		"code": code, "members": w.members, "variants": w.variants, "what": what,
		"meaning": func(v *EnumValue) string { return prose(beginWith(v.Doc, v.Name, code(v.Wire))) },
	}).ParseFS(templateFiles, "templates/markdown.tmpl")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, w); err != nil {
		return nil, err
	}
	return append(bytes.TrimSpace(out.Bytes()), '\n'), nil
}

// A pageWriter is what the template of a page works with.
type pageWriter struct {
	*Package
	page   string
	pages  map[string]string
	schema *side
	used   map[string][]string // methods by the type they take or give
}

// A pageType is one type with its heading.
type pageType struct {
	Name   string
	Struct *Struct
	Union  *Union
	Enum   *Enum
	Named  *Named
}

// Types are all types by name.
func (w *pageWriter) Types() []*pageType {
	var list []*pageType
	for _, s := range w.Structs {
		list = append(list, &pageType{Name: s.Name, Struct: s})
	}
	for _, u := range w.Unions {
		list = append(list, &pageType{Name: u.Name, Union: u})
	}
	for _, e := range w.Enums {
		list = append(list, &pageType{Name: e.Name, Enum: e})
	}
	for _, n := range w.Named {
		list = append(list, &pageType{Name: n.Name, Named: n})
	}
	slices.SortFunc(list, func(a, b *pageType) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Doc is what a type is.
func (t *pageType) Doc() string {
	switch {
	case t.Struct != nil:
		return t.Struct.Doc
	case t.Union != nil:
		return t.Union.Doc
	case t.Enum != nil:
		return t.Enum.Doc
	}
	return t.Named.Doc
}

// A row is one line of a table of members or variants.
type row struct{ Name, Type, Need, Doc string }

// members are the rows of a struct.
func (w *pageWriter) members(s *Struct) []row {
	var rows []row
	for _, f := range s.Fields {
		r := row{Name: code(f.Wire), Type: w.text(f.Type), Doc: prose(beginWith(f.Doc, f.Name, code(f.Wire)))}
		switch {
		case s.Box:
			r.Name = "(all of it)"
		case f.Required:
			r.Need = "required"
		}
		if limits := w.limits(f.At); limits != "" {
			r.Doc = strings.TrimSpace(r.Doc + " " + limits)
		}
		rows = append(rows, r)
	}
	return rows
}

// limits says which values the schema at a place narrows to.
func (w *pageWriter) limits(at string) string {
	if at == "" {
		return ""
	}
	schema := w.schema.schema(at)
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(schema)) {
		if key == "default" || boundsOf[key].kinds != nil || slices.Contains([]string{"format", "pattern", "multipleOf"}, key) {
			parts = append(parts, key+" "+code(strings.Trim(jsonText(schema[key]), `"`)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// variants are the rows of a union.
func (w *pageWriter) variants(u *Union) []row {
	var rows []row
	tags := map[*Variant][]string{}
	tests := map[*Variant][]string{}
	for _, c := range u.Cases {
		for _, t := range c.Tests {
			text := "has `" + strings.Join(t.Has, ".") + "`"
			if t.Key != "" {
				text = "`" + t.Key + "` is `" + t.Value + "`"
			}
			tests[t.Variant] = append(tests[t.Variant], text)
		}
	}
	for _, v := range u.Variants {
		for _, tag := range v.Tags {
			tags[v] = append(tags[v], code(tag))
		}
	}
	for _, v := range u.Variants {
		var when []string
		if len(tags[v]) > 0 {
			when = append(when, fmt.Sprintf("`%s` is %s", u.Key, strings.Join(tags[v], " or ")))
		}
		if v == u.Default || v == u.Rest {
			when = append(when, "otherwise")
		}
		if len(tests[v]) > 0 {
			when = append(when, strings.Join(slices.Compact(tests[v]), " or "))
		}
		rows = append(rows, row{Type: w.text(v.Type), Need: strings.Join(when, ", ")})
	}
	for _, v := range u.ByKind {
		under := v.Type.named
		rows = append(rows, row{Type: w.text(under.Under), Need: namedProse[under.Under.Kind]})
	}
	return rows
}

// usedBy says which methods take or give a type.
func (w *pageWriter) usedBy(name string) string {
	list := slices.Sorted(slices.Values(w.used[name]))
	if len(list) == 0 {
		return ""
	}
	text := list[0]
	if n := len(list); n > 1 {
		text = strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return "It is " + text + "."
}

// carried is what a method takes or gives.
func (w *pageWriter) carried(t *Type, at string) string {
	switch {
	case at == "":
		return "none"
	case t == nil:
		return "object"
	}
	return w.text(t)
}

// what says what a method does, without its name in front.
func what(m *Method) string {
	text := beginWith(m.Doc, m.Name, "\x00")
	if rest, ok := strings.CutPrefix(text, "\x00 "); ok && rest != "" {
		text = strings.ToUpper(rest[:1]) + rest[1:]
	}
	return prose(text)
}

// text is a type as a reader of JSON says it, linked.
func (w *pageWriter) text(t *Type) string {
	var text string
	switch t.Kind {
	case String:
		text = "string"
	case Bool:
		text = "boolean"
	case Int:
		text = "integer"
	case Float:
		text = "number"
	case ID:
		text = "string or integer"
	case Raw:
		text = "any value"
	case Members:
		text = "object"
	case ConstString:
		text = code(jsonText(t.Const))
	case ConstInt, ConstBool:
		text = "`" + t.Const + "`"
	case Slice:
		text = "array of " + w.text(t.Elem)
	case Map:
		text = "object of " + w.text(t.Elem)
	default:
		text = t.Name
		if target, ok := w.target(t); ok {
			text = fmt.Sprintf("[%s](%s#%s)", t.Name, target, slug(t.Name))
		}
	}
	if t.Nullable {
		text += " or null"
	}
	return text
}

// target is the page of a type, relative to this one.
func (w *pageWriter) target(t *Type) (string, bool) {
	if t.Import == "" {
		return "", true
	}
	other, ok := w.pages[t.Import]
	if !ok {
		return "", false
	}
	if path.Dir(other) == path.Dir(w.page) {
		return path.Base(other), true
	}
	return strings.Repeat("../", strings.Count(w.page, "/")) + other, true
}

// slug is the anchor of a heading.
func slug(heading string) string { return strings.ToLower(strings.ReplaceAll(heading, " ", "-")) }

// title is a direction as a heading.
func title(name string) string {
	text := strings.ToLower(strings.Join(words(name), " "))
	return strings.ToUpper(text[:1]) + text[1:]
}

// code is what stands on the wire, in a table's cell.
func code(text string) string { return "`" + strings.ReplaceAll(text, "|", "\\|") + "`" }

// prose is text as it may stand in a table's cell.
func prose(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("|", "\\|", "<", "&lt;", "[", "\\[").Replace(text)), " ")
}

// paragraphs is text as it may stand in a page.
func paragraphs(text string) string {
	var out []string
	for _, paragraph := range strings.Split(text, "\n\n") {
		if line := prose(paragraph); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n\n")
}
