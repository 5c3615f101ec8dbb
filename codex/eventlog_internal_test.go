package codex

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// Rough edge 18: what nobody listens to does not grow without bound.
func TestEdge18KeptEventsAreBounded(t *testing.T) {
	said := func(text string) Event { return Event{Msg: &mcpprotocol.AgentMessageEvent{Message: text}} }
	t.Run("count", func(t *testing.T) {
		f := newFeed(false)
		for range 3 * maxKept {
			f.emit(said("x"))
		}
		heard := 0
		f.add(&Listener{Event: func(Event) { heard++ }}, everything)
		require.Equal(t, maxKept, heard)
		f.emit(said("y"))
		require.Equal(t, maxKept+1, heard)
		require.Empty(t, f.log.kept, "nothing is kept for nobody")
	})
	t.Run("size", func(t *testing.T) {
		var l eventLog
		for range 20 {
			l.add(said(strings.Repeat("x", 1<<20)))
		}
		require.LessOrEqual(t, l.bytes, maxKeptBytes)
		require.NotEmpty(t, l.kept)
		l.add(said(strings.Repeat("x", maxKeptBytes)))
		require.Empty(t, l.kept)
		require.Zero(t, l.bytes)
		_, next, missed := l.since(0, 10, 10)
		require.EqualValues(t, 21, next)
		require.EqualValues(t, 21, missed)
	})
	t.Run("places", func(t *testing.T) {
		var l eventLog
		for _, text := range []string{"a", "b", "c"} {
			l.add(said(text))
		}
		events, next, missed := l.since(1, 1, 1)
		require.Equal(t, []Event{said("b")}, events)
		require.EqualValues(t, 2, next)
		require.Zero(t, missed)
		events, next, _ = l.since(3, 10, 10)
		require.Empty(t, events)
		require.EqualValues(t, 3, next)
		events, _, missed = l.since(99, 10, 1000)
		require.Len(t, events, 3, "a place of another life of the conversation")
		require.Zero(t, missed)
	})
}

// A listener that was removed is not called any more, also when an event is
// being delivered.
func TestRemovedListenerHearsNothing(t *testing.T) {
	f := newFeed(false)
	var removeSecond func()
	heard := 0
	f.add(&Listener{Event: func(Event) { removeSecond() }}, everything)
	removeSecond = f.add(&Listener{Event: func(Event) { heard++ }}, everything)
	f.emit(Event{Msg: &mcpprotocol.ShutdownCompleteEvent{}})
	require.Zero(t, heard)
}

// A status says what the events of the turn say, not those of a task within it.
func TestStatusFollowsEvents(t *testing.T) {
	f := newFeed(true)
	emit := func(id string, msg mcpprotocol.EventMsg) Status {
		f.emit(Event{ID: id, Msg: msg})
		return f.status
	}
	require.Equal(t, mcpprotocol.ConversationStateIdle, emit("", &mcpprotocol.ErrorEvent{Message: "a server did not start"}).State)
	require.Equal(t, mcpprotocol.ConversationStateRunning, emit("1", &mcpprotocol.TaskStartedEvent{}).State)
	emit("1", &mcpprotocol.AgentMessageEvent{Message: "said"})
	require.Equal(t, mcpprotocol.ConversationStateAwaitingApproval, emit("1", &mcpprotocol.ExecApprovalRequestEvent{}).State)
	f.answered()
	require.Equal(t, mcpprotocol.ConversationStateRunning, f.status.State)
	emit("auto-compact-1", &mcpprotocol.TaskStartedEvent{})
	emit("auto-compact-1", &mcpprotocol.AgentMessageEvent{Message: "summed up"})
	require.Equal(t, mcpprotocol.ConversationStateRunning, emit("auto-compact-1", &mcpprotocol.TaskCompleteEvent{}).State)
	emit("1", &mcpprotocol.ErrorEvent{})
	s := emit("1", &mcpprotocol.TaskCompleteEvent{})
	require.Equal(t, mcpprotocol.ConversationStateIdle, s.State)
	require.Equal(t, mcpprotocol.TurnStatusFailed, s.LastStatus)
	require.Equal(t, "said", s.LastMessage)
	emit("2", &mcpprotocol.TaskStartedEvent{})
	s = emit("2", &mcpprotocol.TaskCompleteEvent{})
	require.Equal(t, "2", s.TurnID)
	require.Equal(t, mcpprotocol.TurnStatusCompleted, s.LastStatus)
}

func everything(Event) bool { return true }

// What happens while nobody listens is for the next listener, once, and as far as
// it wants to know.
func TestNextListenerHearsWhatNobodyHeard(t *testing.T) {
	for _, keep := range []bool{false, true} {
		f := newFeed(keep)
		heard := ""
		listener := &Listener{Event: func(e Event) { heard += e.ID }}
		emit := func(id string) { f.emit(Event{ID: id, Msg: &mcpprotocol.TaskStartedEvent{}}) }
		emit("a")
		remove := f.add(listener, everything)
		emit("b")
		removeOther := f.add(listener, everything)
		emit("c")
		require.Equal(t, "abcc", heard)
		remove()
		removeOther()
		emit("d")
		emit("e")
		remove = f.add(listener, func(e Event) bool { return e.ID == "e" })
		require.Equal(t, "abcce", heard)
		remove()
		f.add(listener, everything)
		require.Equal(t, "abcce", heard)
	}
}
