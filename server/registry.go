package server

import (
	"slices"
	"strconv"
	"sync"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// A registry holds the features of one kind in the order in which they were
// added, and the pages of their list in the form in which they are sent.
type registry[T any] struct {
	// mu protects what follows.
	mu    sync.RWMutex
	byKey map[string]*entry[T]
	order []*entry[T]
	last  uint64
	pages map[pageKey]*prepared
}

// An entry is one feature. Its number tells where a list goes on, whatever is
// added or removed meanwhile.
type entry[T any] struct {
	number uint64
	key    string
	value  T
}

// A pageKey names a page of a list in one revision.
type pageKey struct {
	rev   *revision
	start int
}

// prepared is a result that has been encoded before.
type prepared struct{ text wire.Raw }

func (p *prepared) EncodeJSON(e *wire.Encoder) { e.RawValue(p.text) }
func (p *prepared) DecodeJSON(d *wire.Decoder) { p.text = d.Raw() }

func (r *registry[T]) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.order)
}

// get returns the feature of a key.
func (r *registry[T]) get(key string) (T, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := r.byKey[key]
	if e == nil {
		var none T
		return none, false
	}
	return e.value, true
}

// add puts a feature at the end, or in the place of the one with its key.
func (r *registry[T]) add(key string, value T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages = nil
	if old := r.byKey[key]; old != nil {
		replaced := &entry[T]{number: old.number, key: key, value: value}
		r.byKey[key] = replaced
		r.order[r.position(old.number)] = replaced
		return
	}
	r.last++
	e := &entry[T]{number: r.last, key: key, value: value}
	if r.byKey == nil {
		r.byKey = map[string]*entry[T]{}
	}
	r.byKey[key] = e
	r.order = append(r.order, e)
}

// remove takes a feature out. It reports whether there was one.
func (r *registry[T]) remove(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.byKey[key]
	if old == nil {
		return false
	}
	r.pages = nil
	delete(r.byKey, key)
	at := r.position(old.number)
	r.order = slices.Delete(r.order, at, at+1)
	return true
}

// position is where the entry with a number is, or would be. mu is held.
func (r *registry[T]) position(number uint64) int {
	at, _ := slices.BinarySearchFunc(r.order, number, func(e *entry[T], n uint64) int {
		switch {
		case e.number < n:
			return -1
		case e.number > n:
			return 1
		}
		return 0
	})
	return at
}

// find returns the first feature that fits.
func (r *registry[T]) find(fits func(T) bool) (T, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, e := range r.order {
		if fits(e.value) {
			return e.value, true
		}
	}
	var none T
	return none, false
}

// page returns the page that a cursor names: as it was prepared, if keep is set,
// else made anew.
func (r *registry[T]) page(rev *revision, cursor string, size int, keep bool, make func(part []T, next string) wire.Value) (wire.Value, error) {
	start, err := r.start(cursor)
	if err != nil {
		return nil, err
	}
	key := pageKey{rev, start}
	r.mu.RLock()
	page := r.pages[key]
	r.mu.RUnlock()
	if page != nil && keep {
		return page, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	start = min(start, len(r.order))
	end := min(start+size, len(r.order))
	part := []T{}
	for _, e := range r.order[start:end] {
		part = append(part, e.value)
	}
	next := ""
	if end < len(r.order) {
		next = strconv.FormatUint(r.order[end-1].number, 36)
	}
	result := make(part, next)
	if !keep {
		return result, nil
	}
	text, err := wire.RawOf(result)
	if err != nil {
		return nil, err
	}
	if r.pages == nil {
		r.pages = map[pageKey]*prepared{}
	}
	page = &prepared{text}
	r.pages[key] = page
	return page, nil
}

// start is where the page of a cursor begins: after the entry whose number it is.
func (r *registry[T]) start(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	number, err := strconv.ParseUint(cursor, 36, 64)
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err != nil || number > r.last {
		return 0, jsonrpc.InvalidParamsf("cursor %q: not one that this server gave", cursor)
	}
	return r.position(number + 1), nil
}
