package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/examples/internal/try"
)

func TestGreets(t *testing.T) {
	s, err := newServer()
	require.NoError(t, err)
	c := try.Connect(t, s, nil)
	require.Equal(t, "Hello, Ada!", c.CallTool("greet", `{"name":"Ada"}`))
	require.Contains(t, c.CallTool("greet", `{}`), "name")
}
