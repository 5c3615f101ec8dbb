package tap

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if os.Getenv("CODEXMCP_TEST_ECHO") != "" { // a server that says what it hears
		_, _ = io.Copy(os.Stdout, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestProxyPassesBytes(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "CODEXMCP_TEST_ECHO=1")
	said := "{\"a\":1}\r\n\n not json \nlast"
	seen := map[Side][]string{}
	p := &Proxy{Observe: func(from Side, line []byte, _ time.Time) { seen[from] = append(seen[from], string(line)) }}
	var out bytes.Buffer
	require.NoError(t, p.Run(t.Context(), cmd, strings.NewReader(said), &out))
	require.Equal(t, said, out.String())
	require.Equal(t, []string{`{"a":1}`, "not json", "last"}, seen[Client])
	require.Equal(t, seen[Client], seen[Server])
}

func TestTranscriptIsReplayedAsEitherSide(t *testing.T) {
	var text bytes.Buffer
	for _, e := range []struct {
		from Side
		line string
	}{
		{Client, `{"jsonrpc":"2.0","id":1,"method":"ping"}`},
		{Server, `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}`},
		{Server, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{Server, `oops`},
	} {
		entry := Entry{Time: time.Unix(1, 0), From: e.from, Line: []byte(e.line)}
		line, err := entry.AppendJSON(nil)
		require.NoError(t, err)
		text.Write(append(line, '\n'))
	}
	entries, err := ReadTranscript(&text)
	require.NoError(t, err)
	require.Len(t, entries, 4)

	var out bytes.Buffer
	require.NoError(t, Replay(t.Context(), entries, Server, strings.NewReader(`{"id":"mine","method":"ping"}`), &out))
	require.Equal(t, `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}
{"jsonrpc":"2.0","id":"mine","result":{}}
oops
`, out.String())

	out.Reset()
	require.NoError(t, Replay(t.Context(), entries[:3], Client, strings.NewReader(`{"method":"notifications/message"}
{"id":1,"result":{}}
`), &out))
	require.Equal(t, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n", out.String())

	require.ErrorContains(t, Replay(t.Context(), entries, Server, strings.NewReader(`{"id":1,"method":"tools/list"}`), io.Discard),
		"entry 1: want a request ping, got a request tools/list")
	require.ErrorContains(t, Replay(t.Context(), entries, Server, strings.NewReader(""), io.Discard), "the peer ended before its request ping")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Replay(ctx, entries, Server, strings.NewReader(""), io.Discard), context.Canceled)
	broken, err := ReadTranscript(strings.NewReader(`{"from":"me"}`))
	require.NoError(t, err)
	require.ErrorContains(t, broken[0].Broken, `from: "me" is no side`)
	require.ErrorContains(t, Replay(t.Context(), broken, Server, strings.NewReader(""), io.Discard), `entry 1: no entry of a transcript`)
}

// A transcript keeps every line byte for byte, whatever it is.
func TestEntriesKeepBytes(t *testing.T) {
	for _, line := range []string{`{"a":1.0,"é":"<"}`, `{"a":1,"a":2}`, "no JSON <>", "\xff{}", `{"x":"\ud800"}`} {
		e := Entry{Time: time.Unix(1, 2).UTC(), From: Server, Line: []byte(line)}
		text, err := e.AppendJSON(nil)
		require.NoError(t, err)
		back, err := ReadTranscript(bytes.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, []Entry{e}, back, string(text))
	}
	// What somebody else wrote may have a message that is wrong.
	back, err := ReadTranscript(strings.NewReader(`{"from":"client","message":{"a":1,"a":2}}`))
	require.NoError(t, err)
	require.Equal(t, `{"a":1,"a":2}`, string(back[0].Line))
}
