package server_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/server/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, storetest.Config{New: func(_ testing.TB, maxSessions int, idle time.Duration) server.Store {
		return server.NewMemoryStore(server.MemoryOptions{MaxSessions: maxSessions, SessionIdle: idle})
	}})
}

func TestMemoryStoreBoundsEvents(t *testing.T) {
	m := server.NewMemoryStore(server.MemoryOptions{MaxBytes: 10 << 10})
	_, err := m.Create(t.Context(), "s", nil)
	require.NoError(t, err)
	a, b := server.StreamID{Session: "s", Stream: "a"}, server.StreamID{Session: "s", Stream: "b"}
	for i := range 100 {
		number, err := m.Append(t.Context(), a, server.Event{Data: bytes.Repeat([]byte("x"), 200)})
		require.NoError(t, err)
		require.Equal(t, uint64(i+1), number)
	}
	_, err = m.Append(t.Context(), b, server.Event{Data: []byte("y")})
	require.NoError(t, err)
	kept, err := m.After(t.Context(), a, 0)
	require.ErrorIs(t, err, server.ErrEventsGone)
	require.NotEmpty(t, kept)
	require.Less(t, len(kept), 40)
	require.Equal(t, uint64(100), kept[len(kept)-1].Number)
	kept, err = m.After(t.Context(), a, 98)
	require.NoError(t, err)
	require.Len(t, kept, 2)
	_, err = m.Append(t.Context(), server.StreamID{Session: "ended", Stream: "a"}, server.Event{Data: []byte("y")})
	require.ErrorIs(t, err, server.ErrNoSession)
}
