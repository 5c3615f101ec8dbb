package client

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvents(t *testing.T) {
	in := newEventReader(strings.NewReader("\ufeffid: 1\nretry: 10\ndata: a\ndata:b\r\n\r\n: comment\n\nretry: never\nid\ndata\n\nid: cut\ndata: off"), 100)
	var events []string
	for {
		data, err := in.next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		events = append(events, string(data))
	}
	require.Equal(t, []string{"a\nb", "", ""}, events)
	require.Empty(t, in.id, "an empty id forgets the one before, and an event that is cut off has none")
	require.Equal(t, int64(10), in.retry.Milliseconds())
}

func FuzzEvents(f *testing.F) {
	f.Add("id: 1\ndata: x\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := newEventReader(strings.NewReader(text), 64)
		for {
			data, err := in.next()
			if len(data) > 64+1 {
				t.Fatalf("%d bytes", len(data))
			}
			if err != nil {
				if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "limit") {
					t.Fatal(err)
				}
				return
			}
		}
	})
}
