package wire

// PeekInt returns the integer that the object at the cursor has as the member called key; false if there is
// no object, no such member, or no integer of 64 bits.
func (d *Decoder) PeekInt(key string) (int64, bool) {
	i := skimMember(d.text, d.pos, key)
	if i < 0 || i >= len(d.text) || kindOf(d.text[i]) != KindNumber {
		return 0, false
	}
	end := i
	for end < len(d.text) && !isEnd(d.text[end]) {
		end++
	}
	number := NewDecoder(d.text[i:end])
	n := number.Int()
	return n, number.End() == nil
}
