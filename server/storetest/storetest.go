// Package storetest checks implementations of [server.Store].
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Config{New: newStore})
//	}
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/server"
)

// A Config makes the stores that are checked. What it makes lives no longer than the test.
type Config struct {
	// New makes an empty store that holds at most so many sessions and lets one go
	// that is not used for so long; the store's own choice where zero.
	New func(t testing.TB, maxSessions int, idle time.Duration) server.Store
	// Another opens what a store that New made keeps once more, as another process
	// would. Nil: a process has the store for itself, and shares the value.
	Another func(t testing.TB, store server.Store) server.Store
}

// timeout bounds what is waited for.
const timeout = 20 * time.Second

// Run checks everything that a [server.Store] promises.
func Run(t *testing.T, c Config) {
	if c.Another == nil {
		c.Another = func(_ testing.TB, store server.Store) server.Store { return store }
	}
	for name, check := range map[string]func(t *testing.T, c Config){
		"sessions": sessions, "saving together": savingTogether, "room": room, "idle": idle, "events": events, "appending together": appendingTogether,
		"waiting": waiting, "forgetting": forgetting, "names": names, "processes": processes,
	} {
		t.Run(name, func(t *testing.T) { check(t, c) })
	}
}

func contextOf(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// pair makes a store as two processes have it.
func pair(t testing.TB, c Config) (a, b server.Store) {
	a = c.New(t, 0, 0)
	return a, c.Another(t, a)
}

func sessions(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	_, err := b.Load(ctx, "s")
	require.ErrorIs(t, err, server.ErrNoSession)
	_, err = b.Save(ctx, "s", server.Record{Data: []byte("x"), Version: 1})
	require.ErrorIs(t, err, server.ErrNoSession)
	data := []byte("one")
	version, err := a.Create(ctx, "s", data)
	require.NoError(t, err)
	data[0] = 'X' // it is ours again
	_, err = b.Create(ctx, "s", []byte("other"))
	require.ErrorIs(t, err, server.ErrConflict)
	got, err := b.Load(ctx, "s")
	require.NoError(t, err)
	require.Equal(t, server.Record{Data: []byte("one"), Version: version}, got)
	second, err := b.Save(ctx, "s", server.Record{Data: []byte("two"), Version: version})
	require.NoError(t, err)
	require.Greater(t, second, version)
	_, err = a.Save(ctx, "s", server.Record{Data: []byte("three"), Version: version})
	require.ErrorIs(t, err, server.ErrConflict)
	got, err = a.Load(ctx, "s")
	require.NoError(t, err)
	require.Equal(t, server.Record{Data: []byte("two"), Version: second}, got)
	require.NoError(t, a.End(ctx, "s"))
	require.NoError(t, a.End(ctx, "s"))
	_, err = b.Load(ctx, "s")
	require.ErrorIs(t, err, server.ErrNoSession)
	_, err = b.Save(ctx, "s", server.Record{Data: []byte("x"), Version: second})
	require.ErrorIs(t, err, server.ErrNoSession)
}

// savingTogether counts in a session from several goroutines of two processes.
func savingTogether(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	_, err := a.Create(ctx, "s", nil)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		store := []server.Store{a, b}[i%2]
		wg.Go(func() {
			for done := 0; done < 5; {
				r, err := store.Load(ctx, "s")
				if err != nil {
					t.Error(err)
					return
				}
				_, err = store.Save(ctx, "s", server.Record{Data: append(bytes.Clone(r.Data), 'x'), Version: r.Version})
				if err == nil {
					done++
				}
			}
		})
	}
	wg.Wait()
	r, err := b.Load(ctx, "s")
	require.NoError(t, err)
	require.Len(t, r.Data, 40)
}

func room(t *testing.T, c Config) {
	ctx := contextOf(t)
	a := c.New(t, 3, 0)
	for i := range 3 {
		_, err := a.Create(ctx, fmt.Sprint(i), []byte{})
		require.NoError(t, err)
	}
	r, err := a.Load(ctx, "0")
	require.NoError(t, err)
	_, err = a.Save(ctx, "0", r)
	require.NoError(t, err)
	for i := 3; i < 5; i++ {
		_, err := a.Create(ctx, fmt.Sprint(i), []byte{})
		require.NoError(t, err)
	}
	for i, want := range []bool{true, false, false, true, true} {
		_, err := a.Load(ctx, fmt.Sprint(i))
		require.Equal(t, want, err == nil, "session %d: %v", i, err)
	}
}

func idle(t *testing.T, c Config) {
	ctx := contextOf(t)
	const limit = time.Second
	a := c.New(t, 0, limit)
	for _, id := range []string{"used", "unused"} {
		_, err := a.Create(ctx, id, []byte{})
		require.NoError(t, err)
	}
	began := time.Now()
	tick := time.NewTicker(limit / 10)
	defer tick.Stop()
	for time.Since(began) < 3*limit {
		<-tick.C
		_, err := a.Load(ctx, "used")
		require.NoError(t, err)
	}
	_, err := a.Load(ctx, "unused")
	require.ErrorIs(t, err, server.ErrNoSession)
}

// message is an event for a client.
func message(text string) server.Event { return server.Event{Data: []byte(text)} }

// start makes a session with one stream of n events.
func start(t testing.TB, store server.Store, at server.StreamID, n int) (numbers []uint64) {
	ctx := contextOf(t)
	_, err := store.Create(ctx, at.Session, []byte{})
	require.NoError(t, err)
	for i := range n {
		number, err := store.Append(ctx, at, message(fmt.Sprint(i)))
		require.NoError(t, err)
		numbers = append(numbers, number)
	}
	return numbers
}

// all reads what comes after a number.
func all(t testing.TB, store server.Store, at server.StreamID, number uint64) (out []server.Event) {
	ctx := contextOf(t)
	for {
		some, err := store.After(ctx, at, number)
		require.NoError(t, err)
		if len(some) == 0 {
			return out
		}
		out = append(out, some...)
		number = out[len(out)-1].Number
	}
}

func events(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	at := server.StreamID{Session: "s", Stream: "1"}
	require.Empty(t, all(t, a, at, 0))
	_, err := a.After(ctx, at, 7)
	require.ErrorIs(t, err, server.ErrEventsGone)
	numbers := start(t, a, at, 100)
	other := server.StreamID{Session: "s", Stream: "11"}
	_, err = a.Append(ctx, other, server.Event{Kind: server.EventOpened, Data: []byte("[1]")})
	require.NoError(t, err)
	_, err = b.Append(ctx, other, server.Event{Kind: server.EventClosed})
	require.NoError(t, err)
	require.Positive(t, numbers[0])
	for i := 1; i < len(numbers); i++ {
		require.Greater(t, numbers[i], numbers[i-1])
	}
	for _, from := range []int{-1, 0, 42, 98, 99} {
		after := uint64(0)
		if from >= 0 {
			after = numbers[from]
		}
		got := all(t, b, at, after)
		require.Len(t, got, 99-from)
		for i, e := range got {
			require.Equal(t, server.Event{Number: numbers[from+1+i], Data: fmt.Append(nil, from+1+i)}, e)
		}
	}
	for _, beyond := range []uint64{numbers[99] + 1000, math.MaxInt64, math.MaxUint64} {
		require.Empty(t, all(t, a, at, beyond))
	}
	got := all(t, a, other, 0)
	require.Len(t, got, 2)
	require.Equal(t, server.EventOpened, got[0].Kind)
	require.Equal(t, "[1]", string(got[0].Data))
	require.Equal(t, server.EventClosed, got[1].Kind)
	require.Empty(t, got[1].Data)
	data := []byte(strings.Repeat("large", 100_000))
	_, err = a.Append(ctx, other, server.Event{Data: data})
	require.NoError(t, err)
	clear(data) // it is ours again
	got = all(t, b, other, got[1].Number)
	require.Equal(t, strings.Repeat("large", 100_000), string(got[0].Data))
}

func appendingTogether(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	at := server.StreamID{Session: "s", Stream: "0"}
	start(t, a, at, 0)
	var wg sync.WaitGroup
	for i := range 4 {
		store := []server.Store{a, b}[i%2]
		wg.Go(func() {
			for j := range 25 {
				if _, err := store.Append(ctx, at, message(fmt.Sprintf("%d-%d", i, j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := map[string]int{}
	got := all(t, a, at, 0)
	require.Len(t, got, 100)
	for i, e := range got {
		writer, number, _ := strings.Cut(string(e.Data), "-")
		require.Equal(t, fmt.Sprint(next[writer]), number)
		next[writer]++
		require.True(t, i == 0 || e.Number > got[i-1].Number)
	}
}

func waiting(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	at := server.StreamID{Session: "s", Stream: "1"}
	numbers := start(t, a, at, 1)
	require.NoError(t, b.Wait(ctx, at, 0), "there is one")
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	require.Error(t, b.Wait(short, at, numbers[0]))
	require.Error(t, b.Wait(short, at, math.MaxUint64))
	// One follows a stream while another writes it: nothing is missed.
	const n = 200
	written := make(chan error, 1)
	go func() {
		for i := range n {
			if _, err := a.Append(ctx, at, message(fmt.Sprint(i+1))); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	for after, next := uint64(0), 0; next <= n; {
		require.NoError(t, b.Wait(ctx, at, after))
		some, err := b.After(ctx, at, after)
		require.NoError(t, err)
		require.NotEmpty(t, some)
		for _, e := range some {
			require.Equal(t, fmt.Sprint(next), string(e.Data))
			after = e.Number
			next++
		}
	}
	require.NoError(t, <-written)
	// Several wait for the first event of a stream.
	first := server.StreamID{Session: "s", Stream: "2"}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := b.Wait(ctx, first, 0); err != nil {
				t.Error(err)
			}
		})
	}
	_, err := a.Append(ctx, first, message("x"))
	require.NoError(t, err)
	wg.Wait()
}

func forgetting(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	at := server.StreamID{Session: "s", Stream: "1"}
	kept := server.StreamID{Session: "s", Stream: "2"}
	numbers := start(t, a, at, 3)
	_, err := a.Append(ctx, kept, message("x"))
	require.NoError(t, err)
	require.NoError(t, b.Forget(ctx, at))
	require.NoError(t, b.Forget(ctx, at))
	_, err = a.After(ctx, at, numbers[1])
	require.ErrorIs(t, err, server.ErrEventsGone)
	require.Empty(t, all(t, a, at, 0))
	require.Len(t, all(t, a, kept, 0), 1)
	require.NoError(t, a.End(ctx, "s"))
	require.Empty(t, all(t, b, kept, 0))
}

// names are what strangers can choose: nothing leads elsewhere.
func names(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, _ := pair(t, c)
	start(t, a, server.StreamID{Session: "s", Stream: "1"}, 1)
	for _, name := range []string{"*", ">", "s.1", "s.>", " ", "", "\n", "é", "s*", strings.Repeat("long", 16)} {
		_, err := a.Load(ctx, name)
		require.ErrorIs(t, err, server.ErrNoSession, "%q", name)
		require.Empty(t, all(t, a, server.StreamID{Session: "s", Stream: name}, 0), "%q", name)
		alive, err := a.Alive(ctx, name)
		require.NoError(t, err)
		require.False(t, alive, "%q", name)
		require.NoError(t, a.End(ctx, name))
		require.NoError(t, a.Forget(ctx, server.StreamID{Session: "s", Stream: name}))
	}
	require.Len(t, all(t, a, server.StreamID{Session: "s", Stream: "1"}, 0), 1)
}

func processes(t *testing.T, c Config) {
	ctx := contextOf(t)
	a, b := pair(t, c)
	type note struct{ at, session, text string }
	notes := make(chan note, 16)
	join := func(store server.Store, name string) func() {
		leave, err := store.Join(name, func(session string, message []byte) { notes <- note{name, session, string(message)} })
		require.NoError(t, err)
		return leave
	}
	leaveA, leaveB := join(a, "A"), join(b, "B")
	for store, name := range map[int]string{0: "A", 1: "B"} {
		alive, err := []server.Store{b, a}[store].Alive(ctx, name)
		require.NoError(t, err)
		require.True(t, alive, name)
	}
	require.NoError(t, a.Publish(ctx, "s", []byte("to all\nof you")))
	got := map[note]bool{await(t, notes): true, await(t, notes): true}
	require.Equal(t, map[note]bool{{"A", "s", "to all\nof you"}: true, {"B", "s", "to all\nof you"}: true}, got)
	leaveB()
	alive, err := a.Alive(ctx, "B")
	require.NoError(t, err)
	require.False(t, alive)
	require.NoError(t, b.Publish(ctx, "", []byte("to who is left")))
	require.Equal(t, note{"A", "", "to who is left"}, await(t, notes))
	leaveA()
	require.Empty(t, notes)
}

func await[T any](t testing.TB, from <-chan T) T {
	select {
	case v := <-from:
		return v
	case <-time.After(timeout):
		var none T
		require.FailNow(t, "nothing came")
		return none
	}
}
