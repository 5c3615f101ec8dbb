package wire

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// A Decoder reads one JSON text, strictly and in a single pass. After a failure every method returns
// zero values at once, so that only the end needs to look: [Decoder.End].
//
// A Decoder is small enough for the stack; it must not be copied once it has read anything.
type Decoder struct {
	text  string
	pos   int
	depth int // containers open around pos
	limit int // of depth
	err   *Error

	lent        bool // whether text is only good until the end
	closedEnums bool

	ahead   aheadString
	scratch []byte          // for strings with escapes
	chunk   strings.Builder // of copies that were handed out

	// What optional members will point to.
	bools  []bool
	ints   []int64
	floats []float64

	// The names of the objects being skipped, innermost last: see nameSet.
	nameCount int
	nameRoom  [namesInline]nameSpan
	nameMore  []nameSpan
}

// NewDecoder returns a decoder at the start of text.
func NewDecoder(text string) Decoder {
	d := Decoder{limit: MaxDepth}
	d.Reset(text)
	return d
}

// Reset puts d at the start of another text, which values may share memory with. The limit stays.
func (d *Decoder) Reset(text string) { d.reset(text, false) }

// ResetBytes is Reset for a text that is only lent: nothing shares memory with it, and once [Decoder.End] was called
// it may be overwritten.
func (d *Decoder) ResetBytes(text []byte) {
	d.reset(unsafe.String(unsafe.SliceData(text), len(text)), true)
}

func (d *Decoder) reset(text string, lent bool) {
	const keep = 64 << 10 // what one large message needed is not held for ever
	d.text, d.lent, d.pos, d.depth, d.err, d.nameCount = text, lent, 0, 0, nil, 0
	d.ahead = aheadString{}
	d.dropChunk()
	if cap(d.scratch) > keep {
		d.scratch = nil
	}
	if cap(d.nameMore) > keep/16 {
		d.nameMore = nil
	}
	if uint64(len(text)) > math.MaxUint32 { // what a nameSpan can hold
		d.fail(Invalid, 0, "longer than 4 GiB")
	}
}

// LimitDepth sets how deep the text may nest.
func (d *Decoder) LimitDepth(limit int) { d.limit = limit }

// CloseEnums says whether a value of an enumeration must be a known one. A reader keeps unknown values, but whoever
// acts on a request must not guess what one means.
func (d *Decoder) CloseEnums(closed bool) { d.closedEnums = closed }

// End checks that nothing but whitespace is left and returns the first failure as an [*Error].
func (d *Decoder) End() error {
	if d.next() != 0 || d.pos < len(d.text) {
		d.unexpected(d.pos, "the end")
	}
	return d.Err()
}

// Err returns the first failure as an [*Error], nil so far as there is none.
func (d *Decoder) Err() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

// Failed reports whether something has failed.
func (d *Decoder) Failed() bool { return d.err != nil }

// Offset returns how much of the text has been read.
func (d *Decoder) Offset() int { return d.pos }

// next moves to the next byte that is not whitespace and returns it; 0 at the end.
func (d *Decoder) next() (c byte) { // as it is, it can be inlined
	if d.pos < len(d.text) {
		c = d.text[d.pos]
	}
	if c > ' ' {
		return c
	}
	return d.nextAfterSpace()
}

func (d *Decoder) nextAfterSpace() byte {
	d.pos = skipSpace(d.text, d.pos)
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	return 0
}

// Keep returns s, a part of the text, in a form fit for keeping: as it is where the text is not lent and that holds no
// more than eight times its size in memory (or 1 KiB), else as a copy. What the decoder hands out as a value is fit
// already; member names are not.
func (d *Decoder) Keep(s string) string {
	short := len(d.text) <= chunkMost
	switch {
	case !d.lent && (short || len(s) >= len(d.text)/8):
		return s
	case !short && len(s) > chunkMost/8:
		return strings.Clone(s)
	}
	return d.keepShort(s)
}

// chunkMost is how much memory a short string may hold that is not its own.
const chunkMost = 1 << 10

// keepShort returns a copy of s. Copies lie in chunks: one is enough for a short text, those of a long one grow with
// their number.
func (d *Decoder) keepShort(s string) string {
	if d.chunk.Cap()-d.chunk.Len() < len(s) {
		size := len(d.text) - d.pos + len(s)
		if len(d.text) > chunkMost {
			size = min(max(2*d.chunk.Cap(), chunkMost/8), chunkMost)
		}
		d.chunk = strings.Builder{}
		d.chunk.Grow(size)
	}
	start := d.chunk.Len()
	d.chunk.WriteString(s)
	return d.chunk.String()[start:]
}

// dropChunk lets go of the chunk, which must not be written to on behalf of two messages: their values would hold each
// other's memory.
func (d *Decoder) dropChunk() {
	if d.chunk.Cap() > 0 {
		d.chunk = strings.Builder{}
	}
}

// open enters a container.
func (d *Decoder) open(c byte, want string) bool {
	if d.next() != c {
		d.mismatch(want)
		return false
	}
	if d.depth >= d.limit {
		d.tooDeep(d.pos)
		return false
	}
	d.depth++
	d.pos++
	return true
}

// First enters an object and returns the name of its first member, false if there is none. The name is good
// until the text is gone: see [Decoder.Keep].
//
//	for k, ok := d.First(); ok; k, ok = d.Next() {
//		switch k {
//		case "name": ...
func (d *Decoder) First() (string, bool) {
	if !d.open('{', "an object") {
		return "", false
	}
	if d.next() == '}' {
		d.pos++
		d.depth--
		return "", false
	}
	return d.name(d.pos)
}

// Next returns the name of the object's next member; false at the object's end.
func (d *Decoder) Next() (string, bool) {
	switch d.next() {
	case ',':
		return d.name(d.pos + 1)
	case '}':
		d.pos++
		d.depth--
		return "", false
	}
	d.unexpected(d.pos, "',' or '}'")
	return "", false
}

// name reads, from i on, a member's name and the colon after it.
func (d *Decoder) name(i int) (string, bool) {
	s := d.text
	if i < len(s)-9 && s[i] == '"' {
		if m := odds(wordAt(s, i+1)) & highs; m != 0 {
			if end := i + 1 + bits.TrailingZeros64(m)>>3; s[end] == '"' && s[end+1] == ':' {
				d.pos = end + 2
				return s[i+1 : end], true
			}
		}
		end, ascii := textEnd(s, i+1)
		if ascii && end < len(s)-1 && s[end] == '"' && s[end+1] == ':' {
			d.pos = end + 2
			return s[i+1 : end], true
		}
	}
	d.pos = i
	if d.next() != '"' {
		d.unexpected(d.pos, "a member name")
		return "", false
	}
	name, _ := d.scanString(d.pos + 1)
	if d.next() != ':' {
		d.unexpected(d.pos, "':'")
		return "", false
	}
	d.pos++
	return name, true
}

// FirstItem enters an array and reports whether it has an element.
//
//	for ok := d.FirstItem(); ok; ok = d.NextItem() {
func (d *Decoder) FirstItem() bool {
	if !d.open('[', "an array") {
		return false
	}
	if d.next() == ']' {
		d.pos++
		d.depth--
		return false
	}
	return d.err == nil
}

// NextItem moves to the array's next element; false at the array's end.
func (d *Decoder) NextItem() bool {
	switch d.next() {
	case ',':
		d.pos++
		return true
	case ']':
		d.pos++
		d.depth--
		return false
	}
	d.unexpected(d.pos, "',' or ']'")
	return false
}

// Room returns list with room for one more element. It makes as much at once as the rest of the text can be expected
// to need, going by what came before.
func Room[S ~[]E, E any](d *Decoder, list S) S {
	if len(list) == 0 || len(list) < cap(list) {
		return list
	}
	return slices.Grow(list, d.expected(len(list), int(unsafe.Sizeof(list[0]))))
}

// expected returns how many elements, at least one, are likely to follow the n that have been read of an array. All of
// them, size bytes each, take no more memory than what is left of the text.
func (d *Decoder) expected(n, size int) int {
	left := len(d.text) - d.pos
	more := int(int64(left) * int64(n) / int64(max(d.pos, 1)))
	return 1 + min(more+more/8, left/max(size, 1)) // rather a few too many than one too few
}

// Once notes in seen that the known member whose name was just read is there; a second one is an error.
func (d *Decoder) Once(seen *uint64, bit uint64) {
	if *seen&bit != 0 {
		d.duplicate()
	}
	*seen |= bit
}

// duplicate fails for the member whose name was just read.
func (d *Decoder) duplicate() {
	path := pathTo(d.text, d.pos)
	if len(path) == 0 {
		return
	}
	last := len(path) - 1
	d.failAt(Invalid, d.pos, path[:last], "duplicate member "+quote(unquote(path[last].name)))
}

// Duplicate fails because the member whose name was just read has come before. Code that fills a map calls it.
func (d *Decoder) Duplicate() { d.duplicate() }

// Require checks, after the object's end, that all required members were seen; names are in the order of
// their bits in required.
func (d *Decoder) Require(seen, required uint64, names ...string) {
	if seen&required != required {
		d.missing(seen, required, names)
	}
}

func (d *Decoder) missing(seen, required uint64, names []string) {
	for _, name := range names {
		bit := required & -required
		if seen&bit == 0 {
			if d.err == nil {
				path := append(pathTo(d.text, d.pos), pathStep{name: string(appendQuoted(name))})
				d.failAt(Mismatch, d.pos, path, "missing")
			}
			return
		}
		required &^= bit
	}
}

func appendQuoted(s string) []byte {
	b, _ := appendString(nil, s)
	return b
}

// Extra keeps the unknown member whose name was just read in x; a second one of a name is an error.
func (d *Decoder) Extra(x *Members, name string) {
	if x.m == nil {
		x.m = newMemberList()
	} else if x.m.find(name) >= 0 {
		d.duplicate()
		return
	}
	if v := d.Raw(); !v.IsZero() {
		x.m.add(d.Keep(name), v)
	}
}

// String reads a string.
func (d *Decoder) String() string {
	if d.next() != '"' {
		d.mismatch("a string")
		return ""
	}
	s, owned := d.scanString(d.pos + 1)
	if owned {
		return s
	}
	return d.Keep(s)
}

// Bool reads true or false.
func (d *Decoder) Bool() bool {
	d.next()
	rest := d.text[d.pos:]
	if strings.HasPrefix(rest, "true") {
		d.pos += 4
		return true
	}
	if strings.HasPrefix(rest, "false") {
		d.pos += 5
		return false
	}
	d.mismatch("a boolean")
	return false
}

// Null reads a null if that is what comes, and reports whether it was.
func (d *Decoder) Null() bool {
	if d.next() == 'n' && strings.HasPrefix(d.text[d.pos:], "null") {
		d.pos += 4
		return true
	}
	return false
}

// Raw reads one value of any kind and returns it as it stands.
func (d *Decoder) Raw() Raw {
	d.next()
	start := d.pos
	d.Skip()
	if d.err != nil {
		return Raw{}
	}
	return Raw{d.Keep(d.text[start:d.pos])}
}

// Members reads an object and returns its members as they stand.
func (d *Decoder) Members() Members {
	var m Members
	for k, ok := d.First(); ok; k, ok = d.Next() {
		d.Extra(&m, k)
	}
	if d.err != nil {
		return Members{}
	}
	if m.m == nil {
		m.m = new(memberList)
	}
	return m
}

// ID reads a request id or a progress token: a string or an integer. An integer beyond int64 is kept digit
// for digit, up to 64 of them.
func (d *Decoder) ID() RequestID {
	const want = "a string or an integer"
	if d.next() == '"' {
		s := d.String()
		if d.err != nil {
			return RequestID{}
		}
		return StringID(s)
	}
	lit := d.number(want)
	if lit == "" {
		return RequestID{}
	}
	id, ok := parseID(lit)
	if !ok {
		d.notInteger(lit)
	}
	id.text = d.Keep(id.text) // its digits may be those of the text
	return id
}

// Enum reads a string; one of the known ones comes without a new allocation, any other is taken as well.
func (d *Decoder) Enum(known []string) string {
	if d.next() != '"' {
		d.mismatch("a string")
		return ""
	}
	s, owned := d.scanString(d.pos + 1)
	for _, k := range known {
		if s == k {
			return k
		}
	}
	if d.closedEnums && len(known) > 0 {
		d.Fail("want one of %q, got %s", known, quote(s))
		return ""
	}
	if owned {
		return s
	}
	return d.Keep(s)
}

// Const reads a string that must be want.
func (d *Decoder) Const(want string) {
	if d.next() != '"' {
		d.mismatch(quote(want))
		return
	}
	if s, _ := d.scanString(d.pos + 1); s != want {
		d.Fail("want %s, got %s", quote(want), quote(s))
	}
}

// ConstInt reads an integer that must be want.
func (d *Decoder) ConstInt(want int64) {
	if n := d.Int(); n != want {
		d.Fail("want %d, got %d", want, n)
	}
}

var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// Unmarshal sets v from data, which holds one JSON value. It keeps no part of data. The error is an [*Error].
func Unmarshal(data []byte, v Value) error {
	d, _ := decoders.Get().(*Decoder)
	d.ResetBytes(data)
	return d.decode(v)
}

func decode(text string, v Value) error {
	d, _ := decoders.Get().(*Decoder)
	d.Reset(text)
	return d.decode(v)
}

// decode reads v as the whole text and gives d, which is of the pool, back.
func (d *Decoder) decode(v Value) error {
	d.limit = MaxDepth
	v.DecodeJSON(d)
	err := d.End()
	d.text, d.err, d.ahead = "", nil, aheadString{}
	d.dropChunk()
	decoders.Put(d)
	return err
}
