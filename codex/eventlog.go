package codex

import (
	"math"
	"slices"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	// maxKept is how many events of a conversation are kept at most.
	maxKept = 1024
	// maxKeptBytes is how large they may be together, in JSON.
	maxKeptBytes = 8 << 20
)

// An eventLog keeps the latest events of a conversation, numbered from 0.
type eventLog struct {
	kept  []keptEvent
	next  int64 // the number of the event to come
	bytes int
}

type keptEvent struct {
	event Event
	bytes int
}

// add keeps an event. The oldest make room for it, all of them for one that is
// too large to be kept itself.
func (l *eventLog) add(e Event) {
	l.next++
	size := sizeOf(e.Msg)
	if size > maxKeptBytes {
		*l = eventLog{next: l.next}
		return
	}
	drop := 0
	for drop < len(l.kept) && (l.bytes+size > maxKeptBytes || len(l.kept)-drop >= maxKept) {
		l.bytes -= l.kept[drop].bytes
		drop++
	}
	l.kept = slices.Delete(l.kept, 0, drop)
	l.kept = append(l.kept, keptEvent{e, size})
	l.bytes += size
}

// since returns kept events from a number on, the number to go on with, and how
// many events before the first one returned are no longer kept.
func (l *eventLog) since(from int64, limit, maxBytes int) (events []Event, next, missed int64) {
	oldest := l.next - int64(len(l.kept))
	if from > l.next {
		from = oldest // the number is of a time before the conversation left the memory
	}
	if from < oldest {
		from, missed = oldest, oldest-from
	}
	size := 0
	for _, k := range l.kept[from-oldest:] {
		if size += k.bytes; len(events) >= limit || len(events) > 0 && size > maxBytes {
			break
		}
		events = append(events, k.event)
		from++
	}
	return events, from, missed
}

// sizeOf is about how large an event is in JSON.
func sizeOf(msg mcpprotocol.EventMsg) int {
	e := wire.NewEncoder(nil)
	msg.EncodeJSON(&e)
	encoded, err := e.Result()
	if err != nil {
		return math.MaxInt // what cannot be sent need not be kept
	}
	return len(encoded)
}
