package natsstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/server/natsstore"
	"github.com/codexmcp/codexmcp/server/storetest"
)

// startNATS runs a NATS server until the test ends.
func startNATS(t testing.TB) *natsserver.Server {
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	require.True(t, s.ReadyForConnections(10*time.Second))
	return s
}

func dial(t testing.TB, s *natsserver.Server) *nats.Conn {
	nc, err := nats.Connect(s.ClientURL())
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

var opened atomic.Int64

func TestStore(t *testing.T) {
	nats := startNATS(t)
	for _, memory := range []bool{true, false} {
		t.Run(fmt.Sprintf("memory=%v", memory), func(t *testing.T) {
			type process struct {
				*natsstore.Store
				options natsstore.Options
			}
			open := func(t testing.TB, o natsstore.Options) server.Store {
				store, err := natsstore.New(t.Context(), dial(t, nats), o)
				require.NoError(t, err)
				return &process{store, o}
			}
			storetest.Run(t, storetest.Config{
				New: func(t testing.TB, maxSessions int, idle time.Duration) server.Store {
					return open(t, natsstore.Options{
						Prefix: fmt.Sprintf("T%d", opened.Add(1)), MaxSessions: maxSessions, SessionIdle: idle, Memory: memory, MaxBytes: 64 << 20,
					})
				},
				Another: func(t testing.TB, store server.Store) server.Store { return open(t, store.(*process).options) },
			})
		})
	}
}

// TestLargeMessages sends what NATS does not take in one message.
func TestLargeMessages(t *testing.T) {
	nc := dial(t, startNATS(t))
	s, err := natsstore.New(t.Context(), nc, natsstore.Options{Memory: true})
	require.NoError(t, err)
	data := make([]byte, 3*nc.MaxPayload())
	data[len(data)-1] = 'x'
	at := server.StreamID{Session: "s", Stream: "1"}
	number, err := s.Append(t.Context(), at, server.Event{Data: data})
	require.NoError(t, err)
	got, err := s.After(t.Context(), at, 0)
	require.NoError(t, err)
	require.Equal(t, []server.Event{{Number: number, Data: data}}, got)
	notes := make(chan []byte, 1)
	leave, err := s.Join("p", func(_ string, message []byte) { notes <- message })
	require.NoError(t, err)
	defer leave()
	require.NoError(t, s.Publish(t.Context(), "s", data))
	require.Equal(t, data, <-notes)
}

func TestEventsAreBounded(t *testing.T) {
	s, err := natsstore.New(t.Context(), dial(t, startNATS(t)), natsstore.Options{Memory: true, MaxBytes: 64 << 10})
	require.NoError(t, err)
	at := server.StreamID{Session: "s", Stream: "1"}
	var numbers []uint64
	for range 100 {
		number, err := s.Append(t.Context(), at, server.Event{Data: make([]byte, 4<<10)})
		require.NoError(t, err)
		numbers = append(numbers, number)
	}
	kept, err := s.After(t.Context(), at, numbers[10])
	require.ErrorIs(t, err, server.ErrEventsGone)
	require.NotEmpty(t, kept)
	require.Less(t, len(kept), 17)
	require.Equal(t, numbers[99], kept[len(kept)-1].Number)
	kept, err = s.After(t.Context(), at, numbers[97])
	require.NoError(t, err)
	require.Len(t, kept, 2)
}
