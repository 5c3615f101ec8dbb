package safety

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote writes argv as one line for a POSIX shell. Words are quoted only where they
// need it, with single quotes where these will do.
func Quote(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = quoteWord(word)
	}
	return strings.Join(words, " ")
}

func quoteWord(word string) string {
	if word == "" {
		return "''"
	}
	if strings.IndexFunc(word, needsQuotes) < 0 {
		return word
	}
	var b strings.Builder
	for word != "" {
		single := prefix(word, `'\`)
		// History expansion works between double quotes, so they hold no "!" or "^".
		if double := prefix(word, "$`!^"); double > single {
			b.WriteByte('"')
			for _, c := range []byte(word[:double]) {
				if c == '"' || c == '\\' {
					b.WriteByte('\\')
				}
				b.WriteByte(c)
			}
			b.WriteByte('"')
			word = word[double:]
			continue
		}
		b.WriteString("'" + word[:single] + "'")
		word = word[single:]
	}
	return b.String()
}

func needsQuotes(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+-./:@]_", r)
}

// prefix returns the length of what stands before the first of chars in s.
func prefix(s, chars string) int {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return i
	}
	return len(s)
}

// Visible returns s with all that a reader could not see, or that changes how the
// rest looks, written as an escape such as \n, \x1b or \u202e: control characters,
// those that set the direction of text, spaces other than the plain one, and bytes
// that are no UTF-8.
func Visible(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !isHidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

// isHidden reports whether r is invisible or acts on the text around it.
func isHidden(r rune) bool {
	switch {
	case r == ' ':
		return false
	case r < 0x80:
		return r < ' ' || r == 0x7f
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Zs):
		return true
	default:
		// Letters and marks that are drawn as nothing.
		return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u2800'
	}
}
