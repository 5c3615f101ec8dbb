package oauth

import "strings"

// parseChallenge reads the parameters of the Bearer challenge among the values
// of WWW-Authenticate; of those that are there twice, the first. What comes after
// something that is no challenge is left out.
func parseChallenge(values []string) map[string]string {
	params := map[string]string{}
	for _, value := range values {
		bearer := false
		for {
			value = strings.TrimLeft(value, " ,\t")
			end := strings.IndexAny(value+"=", " ,\t=")
			if end == 0 {
				break
			}
			name, rest := value[:end], strings.TrimLeft(value[end:], " \t")
			if !strings.HasPrefix(rest, "=") {
				bearer = strings.EqualFold(name, "bearer")
				value = rest
				continue
			}
			var text string
			var ok bool
			if text, value, ok = cutText(strings.TrimLeft(rest[1:], " \t")); !ok {
				break
			}
			name = strings.ToLower(name)
			if _, twice := params[name]; bearer && !twice {
				params[name] = text
			}
		}
	}
	return params
}

// cutText cuts off a word or a quoted string.
func cutText(in string) (text, rest string, ok bool) {
	if !strings.HasPrefix(in, `"`) {
		end := strings.IndexAny(in+",", ", \t")
		return in[:end], in[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(in); i++ {
		switch in[i] {
		case '"':
			return b.String(), in[i+1:], true
		case '\\':
			if i++; i < len(in) {
				b.WriteByte(in[i])
			}
		default:
			b.WriteByte(in[i])
		}
	}
	return "", "", false
}
