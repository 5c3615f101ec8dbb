package main

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/examples/internal/try"
)

func TestEchoes(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener) }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	c := try.Dial(t, &framed{conn: conn}, nil)
	require.Equal(t, "hi", c.CallTool("echo", `{"text":"hi"}`))
	require.NoError(t, c.Close(t.Context()))
	cancel()
	require.NoError(t, <-served)
}
