package oauth

import "strings"

// parseChallenge reads the parameters of the Bearer challenge among the values
// of WWW-Authenticate.
func parseChallenge(values []string) map[string]string {
	params := map[string]string{}
	for _, value := range values {
		rest, ok := bearer(value)
		for ok {
			var name, text string
			if name, text, rest, ok = nextParam(rest); ok {
				if _, twice := params[name]; !twice {
					params[name] = text
				}
			}
		}
	}
	return params
}

// bearer is what follows the scheme.
func bearer(value string) (string, bool) {
	const scheme = "bearer "
	i := strings.Index(strings.ToLower(value), scheme)
	if i < 0 {
		return "", false
	}
	return value[i+len(scheme):], true
}

// nextParam cuts name=text or name="text" off.
func nextParam(in string) (name, text, rest string, ok bool) {
	in = strings.TrimLeft(in, " ,\t")
	name, in, ok = strings.Cut(in, "=")
	if !ok {
		return "", "", "", false
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if !strings.HasPrefix(in, `"`) {
		end := strings.IndexAny(in, ", \t")
		if end < 0 {
			end = len(in)
		}
		return name, in[:end], in[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(in); i++ {
		switch in[i] {
		case '"':
			return name, b.String(), in[i+1:], true
		case '\\':
			if i++; i < len(in) {
				b.WriteByte(in[i])
			}
		default:
			b.WriteByte(in[i])
		}
	}
	return "", "", "", false
}
