package wire

import (
	"math"
	"strconv"
	"strings"
)

// maxIntegerDigits bounds the integers that are kept though they are beyond int64.
const maxIntegerDigits = 64

func itoa(n int) string { return strconv.Itoa(n) }

// skipNumber checks the number that starts in s at i.
func (d *Decoder) skipNumber(s string, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := func() bool {
		start := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		if i == start {
			d.unexpected(i, "a digit")
		}
		return i > start
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// number reads a number and returns its text; "" having failed.
func (d *Decoder) number(want string) string {
	if c := d.next(); c != '-' && c-'0' > 9 {
		d.mismatch(want)
		return ""
	}
	start := d.pos
	end := d.skipNumber(d.text, start)
	if end < 0 {
		return ""
	}
	d.pos = end
	return d.text[start:end]
}

// Int reads an integer. Its spelling does not matter: 1.0 and 1e2 are integers.
func (d *Decoder) Int() int64 {
	lit := d.number("an integer")
	if lit == "" {
		return 0
	}
	if n, ok := smallInt(lit); ok {
		return n
	}
	digits, ok := parseDecimal(lit).integer()
	if !ok {
		d.notInteger(lit)
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		d.Fail("number %s is beyond 64 bits", quote(lit))
		return 0
	}
	return n
}

func (d *Decoder) notInteger(lit string) {
	if parseDecimal(lit).integral() {
		d.Fail("number %s has too many digits", quote(lit))
		return
	}
	d.Fail("want an integer, got %s", quote(lit))
}

// smallInt returns the value of a literal of at most 18 digits and nothing else.
func smallInt(lit string) (int64, bool) {
	digits := lit
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 18 {
		return 0, false
	}
	var n int64
	for i := 0; i < len(digits); i++ {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if len(digits) < len(lit) {
		n = -n
	}
	return n, true
}

// Float reads a number. What float64 cannot hold exactly is rounded; where digits matter
// see [Decoder.NumberFloat].
func (d *Decoder) Float() float64 {
	v, _ := d.float()
	return v
}

func (d *Decoder) float() (float64, string) {
	lit := d.number("a number")
	if lit == "" {
		return 0, ""
	}
	if n, ok := smallInt(lit); ok && n != 0 && n < 1<<53 && n > -1<<53 {
		return float64(n), lit
	}
	v, err := strconv.ParseFloat(lit, 64)
	if err != nil {
		d.Fail("number %s is beyond float64", quote(lit))
		return 0, ""
	}
	return v, lit
}

// reproduces reports whether v written as JSON is the number that lit is.
func reproduces(v float64, lit string) bool {
	if len(lit) <= 15 && !strings.ContainsAny(lit, "eE") {
		return true // float64 holds any 15 digits
	}
	a, b := parseDecimal(lit), parseDecimal(string(appendFloat(nil, v)))
	return a == b
}

// appendFloat appends the shortest text that reads back as v, in the form of encoding/json.
func appendFloat(dst []byte, v float64) []byte {
	if n := int64(v); n != 0 && n < 1<<53 && n > -1<<53 && float64(n) == v {
		return strconv.AppendInt(dst, n, 10)
	}
	abs := math.Abs(v)
	if abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		dst = strconv.AppendFloat(dst, v, 'e', -1, 64)
		// e-09 becomes e-9.
		if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// A decimal is the number 0.digits times ten to the power of point; two are equal as Go values if and only
// if they are the same number (-0 is not 0).
type decimal struct {
	negative bool
	digits   string // without zeros at either end; "" is zero
	point    int64
}

// parseDecimal returns what a valid number literal stands for.
func parseDecimal(lit string) decimal {
	var n decimal
	if lit[0] == '-' {
		n.negative = true
		lit = lit[1:]
	}
	var exp int64
	if i := strings.IndexAny(lit, "eE"); i >= 0 {
		// Beyond this bound no text is long enough to make up for the exponent.
		const most = 1 << 60
		var err error
		exp, err = strconv.ParseInt(strings.TrimPrefix(lit[i+1:], "+"), 10, 64)
		if err != nil || exp > most || exp < -most {
			exp = most
			if lit[i+1] == '-' {
				exp = -most
			}
		}
		lit = lit[:i]
	}
	whole, part, _ := strings.Cut(lit, ".")
	n.digits = strings.TrimRight(whole+part, "0")
	n.point = int64(len(whole)) + exp
	trimmed := strings.TrimLeft(n.digits, "0")
	n.point -= int64(len(n.digits) - len(trimmed))
	if n.digits = trimmed; trimmed == "" {
		n.point = 0
	}
	return n
}

// integral reports whether n is an integer, however large.
func (n decimal) integral() bool { return int64(len(n.digits)) <= n.point || n.digits == "" }

// integer returns the digits of n, and false if it is no integer or one of too many digits.
func (n decimal) integer() (string, bool) {
	if !n.integral() || n.point > maxIntegerDigits {
		return "", false
	}
	if n.digits == "" {
		return "0", true
	}
	text := n.digits + strings.Repeat("0", int(n.point)-len(n.digits))
	if n.negative {
		text = "-" + text
	}
	return text, true
}

// parseID returns the id that the number lit is.
func parseID(lit string) (RequestID, bool) {
	if n, ok := smallInt(lit); ok {
		return IntID(n), true
	}
	digits, ok := parseDecimal(lit).integer()
	if !ok {
		return RequestID{}, false
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return IntID(n), true
	}
	return RequestID{kind: idBig, text: digits}, true
}
