package patch

import "slices"

// An edit replaces the lines a0 to a1 of one file by the lines b0 to b1 of another;
// either range may be empty, not both.
type edit struct{ a0, a1, b0, b1 int }

// maxDiffWork bounds the steps of one diff. A part of a file that needs more is
// shown as replaced, which is correct and only longer.
const maxDiffWork = 1 << 24

// diffLines returns the edits that make a into b, in order, with at least one
// common line between two of them. It is the linear-space algorithm of Eugene
// Myers, "An O(ND) difference algorithm and its variations" (1986).
func diffLines(a, b []string) []edit {
	d := differ{work: maxDiffWork}
	d.a, d.b = number(a, b)
	size := 2*((len(a)+len(b)+1)/2) + 3
	d.forward, d.backward = make([]int, size), make([]int, size)
	d.compare(0, len(a), 0, len(b))
	return d.slide()
}

// number gives every different line a number, so that comparing lines costs the
// same however long they are.
func number(a, b []string) (an, bn []int) {
	known := make(map[string]int, len(a))
	numbers := func(lines []string) []int {
		out := make([]int, len(lines))
		for i, line := range lines {
			n, ok := known[line]
			if !ok {
				n = len(known)
				known[line] = n
			}
			out[i] = n
		}
		return out
	}
	return numbers(a), numbers(b)
}

// slide moves insertions and deletions down as far as the lines allow, so that a
// block that is added is shown from its first line on, and not from the line that
// closes the block before it.
func (d *differ) slide() []edit {
	var slid []edit // from the last one to the first
	next := len(d.a)
	for _, e := range slices.Backward(d.edits) {
		room := next - e.a1 // common lines up to the next edit
		if down := slack(d.b, e.b0, e.b1, room); down > 0 {
			slid = prepend(slid, edit{e.a1 + down, e.a1 + down, e.b0 + down, e.b1 + down})
			e.b1, room = e.b0, down
		}
		if e.b0 == e.b1 {
			down := slack(d.a, e.a0, e.a1, room)
			e = edit{e.a0 + down, e.a1 + down, e.b0 + down, e.b1 + down}
		}
		slid = prepend(slid, e)
		next = slid[len(slid)-1].a0
	}
	slices.Reverse(slid)
	return slid
}

// slack returns how many lines down the lines from up to to can be taken to stand
// instead, at most room.
func slack(lines []int, from, to, room int) int {
	down := 0
	for from < to && down < room && lines[from+down] == lines[to+down] {
		down++
	}
	return down
}

// prepend puts e before edits, which are in reverse order. It joins it to the one
// it touches.
func prepend(edits []edit, e edit) []edit {
	if e.a0 == e.a1 && e.b0 == e.b1 {
		return edits
	}
	if n := len(edits); n > 0 && edits[n-1].a0 == e.a1 && edits[n-1].b0 == e.b1 {
		edits[n-1].a0, edits[n-1].b0 = e.a0, e.b0
		return edits
	}
	return append(edits, e)
}

type differ struct {
	a, b              []int
	forward, backward []int // furthest x per diagonal, in the two directions
	work              int
	edits             []edit
}

func (d *differ) compare(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
		a0, b0 = a0+1, b0+1
	}
	for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
		a1, b1 = a1-1, b1-1
	}
	if a0 == a1 || b0 == b1 {
		d.add(edit{a0, a1, b0, b1})
		return
	}
	x, y, ok := d.middle(a0, a1, b0, b1)
	if !ok {
		d.add(edit{a0, a1, b0, b1})
		return
	}
	d.compare(a0, x, b0, y)
	d.compare(x, a1, y, b1)
}

// add appends e, or makes the last edit longer when e follows it directly.
func (d *differ) add(e edit) {
	if e.a0 == e.a1 && e.b0 == e.b1 {
		return
	}
	if n := len(d.edits); n > 0 && d.edits[n-1].a1 == e.a0 && d.edits[n-1].b1 == e.b0 {
		d.edits[n-1].a1, d.edits[n-1].b1 = e.a1, e.b1
		return
	}
	d.edits = append(d.edits, e)
}

// middle returns a point in the middle of a shortest path of edits, strictly
// inside the box. It walks from both corners until the walks meet.
func (d *differ) middle(a0, a1, b0, b1 int) (x, y int, ok bool) {
	n, m := a1-a0, b1-b0
	delta := n - m
	odd := delta%2 != 0
	limit := (n + m + 1) / 2
	mid := limit + 1 // index of diagonal 0
	d.forward[mid+1], d.backward[mid+1] = 0, 0
	for step := 0; step <= limit; step++ {
		d.work -= step + 1
		if d.work < 0 {
			return 0, 0, false
		}
		for k := step; k >= -step; k -= 2 {
			x := d.furthest(d.forward, mid, k, step)
			y := x - k
			startX, startY := x, y
			for x < n && y < m && d.a[a0+x] == d.b[b0+y] {
				x, y = x+1, y+1
			}
			d.forward[mid+k] = x
			if back := delta - k; odd && back >= -(step-1) && back <= step-1 &&
				x+d.backward[mid+back] >= n {
				return a0 + startX, b0 + startY, inside(startX, startY, n, m)
			}
		}
		for k := step; k >= -step; k -= 2 {
			x := d.furthest(d.backward, mid, k, step)
			y := x - k
			for x < n && y < m && d.a[a1-1-x] == d.b[b1-1-y] {
				x, y = x+1, y+1
			}
			d.backward[mid+k] = x
			if front := delta - k; !odd && front >= -step && front <= step &&
				x+d.forward[mid+front] >= n {
				return a1 - x, b1 - y, inside(x, y, n, m)
			}
		}
	}
	return 0, 0, false
}

// furthest returns where the walk starts on diagonal k: one line down from the
// diagonal above or one to the right from the one below, whichever is further.
func (d *differ) furthest(v []int, mid, k, step int) int {
	if k == -step || (k != step && v[mid+k-1] < v[mid+k+1]) {
		return v[mid+k+1]
	}
	return v[mid+k-1] + 1
}

// inside reports whether a point splits a box of n by m into two smaller ones.
func inside(x, y, n, m int) bool {
	return x >= 0 && y >= 0 && x <= n && y <= m && (x > 0 || y > 0) && (x < n || y < m)
}
