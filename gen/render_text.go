package gen

import (
	"strconv"
	"strings"
	"unicode"
)

// article puts a or an before a name.
func article(name string) string {
	if strings.ContainsAny(name[:1], "AEIO") {
		return "an " + name
	}
	return "a " + name
}

// unionDoc says which types a union's value can have and what tells them apart.
func (r *renderer) unionDoc(u *Union) string {
	var names []string
	for _, v := range u.Variants {
		names = append(names, "[*"+r.qualified(v.Type)+"]")
	}
	for _, v := range u.ByKind {
		names = append(names, "["+r.qualified(v.Type)+"]")
	}
	list := names[0]
	if n := len(names); n > 1 {
		list = strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	text := u.Doc
	if text == "" {
		text = u.Name + " is a union."
	}
	text += "\n\nIt is a " + list
	if u.Key != "" {
		text += "; the wire tells them apart by " + strconv.Quote(u.Key)
	}
	if u.Rest != nil {
		text += ", of which any other value means [*" + r.qualified(u.Rest.Type) + "]"
	}
	return text + ". Anything else is kept as an [*Unknown" + u.Name + "]."
}

// comment writes text as a Go comment, wrapped at 80 columns.
func comment(indent, text string) string {
	if text == "" {
		return ""
	}
	var b strings.Builder
	for i, paragraph := range strings.Split(strings.TrimSpace(printable(text)), "\n\n") {
		if i > 0 {
			b.WriteString(indent + "//\n")
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > 77-len(indent)*8 {
				b.WriteString(indent + "// " + line + "\n")
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		b.WriteString(indent + "// " + line + "\n")
	}
	return b.String()
}

// printable drops what may not stand in a Go comment.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

// jsonQuote is a string as JSON writes it.
func jsonQuote(s string) string {
	text, err := marshalIndent(s)
	if err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(string(text), "\n")
}

func rawQuote(s string) string {
	if strings.ContainsRune(s, '`') {
		return strconv.Quote(s)
	}
	return "`" + s + "`"
}
