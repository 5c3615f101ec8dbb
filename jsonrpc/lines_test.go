package jsonrpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
)

// TestLinesRead shows what messages come of a stream, whatever the pieces in which it is read.
func TestLinesRead(t *testing.T) {
	long := strings.Repeat("y", 100_000)
	tests := []struct {
		name, in string
		limit    int
		want     []string
	}{
		{"lines", "{}\n[]\n", 0, []string{"{}", "[]"}},
		{"carriage returns", "{}\r\n[]\r\n", 0, []string{"{}", "[]"}},
		{"blank lines", "\n\r\n \t\n{}\n\n", 0, []string{"{}"}},
		{"no newline at the end", "{}\n[]", 0, []string{"{}", "[]"}},
		{"nothing", "", 0, nil},
		{"blanks at the end", "{}\n  ", 0, []string{"{}"}},
		{"long lines", long + "\n" + long + "z\n1\n", 0, []string{long, long + "z", "1"}},
		{"at the limit", "12345\n12345\r\n1\n", 5, []string{"12345", "12345", "1"}},
		{"over the limit", "123456\n1\n", 5, []string{"message of 6 bytes is over the limit of 5 bytes", "1"}},
		{"over the limit with carriage return", "123456\r\n1\r\n", 5, []string{"message of 6 bytes is over the limit of 5 bytes", "1"}},
		{"far over the limit", long + "\n1\n", 5, []string{"message of 100000 bytes is over the limit of 5 bytes", "1"}},
		{"over the limit at the end", long, 5, []string{"message of 100000 bytes is over the limit of 5 bytes"}},
	}
	pieces := map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"half":          iotest.HalfReader,
		"bytes":         iotest.OneByteReader,
		"last with EOF": iotest.DataErrReader,
	}
	for _, tt := range tests {
		for name, cut := range pieces {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				tr := jsonrpc.Lines(cut(strings.NewReader(tt.in)), io.Discard, jsonrpc.Limits{MaxMessage: tt.limit})
				var got []string
				for {
					line, err := tr.Read(t.Context())
					if bad, ok := errors.AsType[*jsonrpc.MessageError](err); ok {
						got = append(got, strings.Replace(bad.Message, " 7 ", " 6 ", 1)) // a carriage return may count
						continue
					}
					if err != nil {
						require.ErrorIs(t, err, io.EOF)
						break
					}
					got = append(got, string(line))
				}
				require.Equal(t, tt.want, got)
			})
		}
	}
}

// TestLinesOfAnySize sends lines of 10 MB and 100 MB.
func TestLinesOfAnySize(t *testing.T) {
	in, feed := io.Pipe()
	out, w := io.Pipe()
	serve(t, jsonrpc.New(jsonrpc.Options{Handler: basics()}), jsonrpc.Lines(in, w, jsonrpc.Limits{}))
	client := jsonrpc.Lines(out, feed, jsonrpc.Limits{})
	ask := func(size int) string {
		go func() {
			_, err := io.WriteString(feed, `{"jsonrpc":"2.0","id":1,"method":"echo","params":{"name":"`)
			for block := strings.Repeat("x", 1<<16); size > 0 && err == nil; size -= len(block) {
				_, err = io.WriteString(feed, block[:min(size, len(block))])
			}
			_, _ = io.WriteString(feed, "\"}}\n")
		}()
		answer, err := client.Read(t.Context())
		require.NoError(t, err)
		return string(answer)
	}
	require.Len(t, ask(10_000_000), 10_000_000+len(`{"jsonrpc":"2.0","id":1,"result":{"name":""}}`))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.Equal(t, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"message of 100000061 bytes is over the limit of 67108864 bytes"}}`,
		ask(100_000_000))
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20), "what is left of it")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(320<<20), "what it took")
	require.Contains(t, ask(1), `"result":{"name":"x"}`)
}

// checkedWriter notes whether each line that it is given is whole, and holds a write for a moment.
type checkedWriter struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *checkedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	runtime.Gosched()
	return w.text.Write(p)
}

func TestLinesNeverSplitOrMixMessages(t *testing.T) {
	var w checkedWriter
	tr := jsonrpc.Lines(strings.NewReader(""), &w, jsonrpc.Limits{MaxQueue: 300_000})
	var wg sync.WaitGroup
	const writers, messages = 8, 50
	for i := range writers {
		wg.Go(func() {
			for n := range messages {
				size := 1 << (n % 18)
				err := tr.Write(t.Context(), jsonrpc.Outgoing{
					Data: []byte(fmt.Sprintf("%d %d %s", i, n, strings.Repeat("x", size))),
					Kind: jsonrpc.Kind(n % 3),
					Hold: n%5 == 0,
				})
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	flusher, ok := tr.(jsonrpc.Flusher)
	require.True(t, ok)
	require.NoError(t, flusher.Flush(t.Context()))
	next := make([]int, writers)
	for line := range strings.Lines(w.text.String()) {
		var i, n int
		_, err := fmt.Sscan(line[:min(len(line), 10)], &i, &n)
		require.NoError(t, err)
		require.Equal(t, next[i], n, "messages of writer %d in order", i)
		next[i]++
		require.Equal(t, fmt.Sprintf("%d %d %s\n", i, n, strings.Repeat("x", 1<<(n%18))), line)
	}
	for i := range next {
		require.Equal(t, messages, next[i])
	}
	require.NoError(t, tr.Close())
	require.ErrorIs(t, tr.Write(t.Context(), jsonrpc.Outgoing{Data: []byte("x")}), jsonrpc.ErrClosed)
}

func TestHeldAnswersLeaveTogetherBeforeTheNextRead(t *testing.T) {
	in, feed := io.Pipe()
	out, w := io.Pipe()
	serve(t, jsonrpc.New(jsonrpc.Options{Handler: basics()}), jsonrpc.Lines(in, w, jsonrpc.Limits{}))
	_, err := io.WriteString(feed, strings.Repeat("{\"id\":1,\"method\":\"ping\"}\n", 10))
	require.NoError(t, err)
	buf := make([]byte, 10_000)
	n, err := out.Read(buf)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n", 10), string(buf[:n]))
}

func TestHeldAnswersDoNotWaitForAHandler(t *testing.T) {
	gate := make(chan struct{})
	for _, order := range []jsonrpc.Order{jsonrpc.Concurrent, jsonrpc.Ordered} {
		methods := basics()
		slow := wait(gate)
		slow.Order = order
		methods.Requests["slow"] = slow
		in, feed := io.Pipe()
		out, w := io.Pipe()
		serve(t, jsonrpc.New(jsonrpc.Options{Handler: methods}), jsonrpc.Lines(in, w, jsonrpc.Limits{}))
		peer := jsonrpc.Lines(out, feed, jsonrpc.Limits{})
		_, err := io.WriteString(feed, "{\"id\":1,\"method\":\"ping\"}\n{\"id\":2,\"method\":\"slow\"}\n")
		require.NoError(t, err)
		for _, want := range []string{`"id":1`, `"id":2`} {
			got, err := peer.Read(t.Context())
			require.NoError(t, err)
			require.Contains(t, string(got), want)
			if want == `"id":1` {
				gate <- struct{}{}
			}
		}
	}
}

// TestBlackHole has a peer that reads nothing.
func TestBlackHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, feed := io.Pipe()
		_, w := io.Pipe() // nobody reads
		tr := jsonrpc.Lines(in, w, jsonrpc.Limits{MaxQueue: 1000, WriteStall: time.Minute})
		c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
		done := c.Start(context.Background(), tr)

		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, c.Call(short, "x", nil, nil), context.DeadlineExceeded, "queued, not answered")
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, jsonrpc.Notify(t.Context(), c, note, text{Name: strings.Repeat("x", 900)}), "queued")

		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, jsonrpc.Notify(soon, c, note, text{Name: strings.Repeat("x", 900)}), context.DeadlineExceeded, "queue full")
		require.NoError(t, c.Err(), "who gives up early ends nothing")

		start = time.Now()
		err := jsonrpc.Notify(t.Context(), c, note, text{Name: strings.Repeat("x", 900)})
		require.ErrorIs(t, err, jsonrpc.ErrStalled)
		require.ErrorContains(t, err, "bytes of output waited for 1m0s (queue limit 1000)")
		require.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, <-done, jsonrpc.ErrStalled)
		require.ErrorIs(t, c.Err(), jsonrpc.ErrStalled)
		_, err = feed.Write([]byte("x"))
		require.ErrorIs(t, err, io.ErrClosedPipe)
	})
}

// TestSlowReaderIsNotStalled has a peer that reads a little now and then.
func TestSlowReaderIsNotStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, w := io.Pipe()
		tr := jsonrpc.Lines(strings.NewReader(""), w, jsonrpc.Limits{MaxQueue: 1000, WriteStall: time.Minute})
		var reader sync.WaitGroup
		reader.Go(func() {
			for err := error(nil); err == nil; {
				<-time.After(50 * time.Second)
				_, err = out.Read(make([]byte, 2000))
			}
		})
		for range 10 {
			require.NoError(t, tr.Write(t.Context(), jsonrpc.Outgoing{Data: make([]byte, 900), Kind: jsonrpc.Notification}))
		}
		require.NoError(t, tr.Close())
		reader.Wait()
	})
}

// TestReadingGoesOnWhileThePeerDoesNotRead sends requests and reads no answer until all are sent.
func TestReadingGoesOnWhileThePeerDoesNotRead(t *testing.T) {
	in, feed, err := os.Pipe()
	require.NoError(t, err)
	out, w, err := os.Pipe()
	require.NoError(t, err)
	serve(t, jsonrpc.New(jsonrpc.Options{Handler: basics()}), jsonrpc.Lines(in, w, jsonrpc.Limits{}))
	const n = 20_000 // answers of more than a pipe of the system holds
	_, err = io.WriteString(feed, strings.Repeat("{\"id\":1,\"method\":\"ping\"}\n", n))
	require.NoError(t, err)
	peer := jsonrpc.Lines(out, feed, jsonrpc.Limits{})
	for range n {
		_, err := peer.Read(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, peer.Close())
}

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := jsonrpc.Pipe()
		data := []byte("1")
		require.NoError(t, a.Write(t.Context(), jsonrpc.Outgoing{Data: data}))
		data[0] = '2' // no longer its
		require.NoError(t, a.Write(t.Context(), jsonrpc.Outgoing{Data: make([]byte, 8<<20-1)}))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, a.Write(ctx, jsonrpc.Outgoing{Data: data}), context.DeadlineExceeded)
		require.ErrorIs(t, a.Write(t.Context(), jsonrpc.Outgoing{Data: data}), jsonrpc.ErrStalled)
		_, err := a.Read(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		got, err := b.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, "1", string(got))
		require.NoError(t, a.Close())
		got, err = b.Read(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 8<<20-1)
		_, err = b.Read(t.Context())
		require.ErrorIs(t, err, io.EOF)
		require.ErrorIs(t, b.Write(t.Context(), jsonrpc.Outgoing{Data: data}), io.ErrClosedPipe)
		require.ErrorIs(t, a.Write(t.Context(), jsonrpc.Outgoing{Data: data}), io.ErrClosedPipe)
	})
}
