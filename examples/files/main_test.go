package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/examples/internal/try"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

func TestFilesAreReadFoundAndWatched(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secret"), []byte("no"), 0o600))
	below := filepath.Join(folder, "below")
	require.NoError(t, os.MkdirAll(filepath.Join(below, "dir"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(below, "dir", "a.txt"), []byte("text"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(below, "b.bin"), []byte{0xff, 0}, 0o600))
	require.NoError(t, os.Symlink("../secret", filepath.Join(below, "link")))
	root, err := os.OpenRoot(below)
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	f := &files{root: root.FS()}
	s, err := f.newServer()
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() { f.watch(ctx, s, 10*time.Millisecond); close(watched) }()
	defer func() { stop(); <-watched }()

	updated := make(chan string, 1)
	c := try.Connect(t, s, &jsonrpc.Methods{Notifications: map[string]*jsonrpc.NotificationHandler{
		mcptypes.ResourceUpdated.Method: jsonrpc.HandleNotification(mcptypes.ResourceUpdated, func(_ context.Context, p mcptypes.ResourceUpdatedParams) { updated <- p.URI }),
	}})
	read := func(uri string) (mcptypes.ReadResourceResult, error) {
		return jsonrpc.Call(t.Context(), c.Conn, mcptypes.ReadResource, mcptypes.ReadResourceParams{URI: uri})
	}
	result, err := read("folder:///dir/a.txt")
	require.NoError(t, err)
	require.Equal(t, "text", result.Contents[0].(*mcptypes.TextResourceContents).Text)
	result, err = read("folder:///b.bin")
	require.NoError(t, err)
	require.Equal(t, "/wA=", result.Contents[0].(*mcptypes.BlobResourceContents).Blob)
	for _, uri := range []string{"folder:///none", "folder:///dir", "folder:///link", "folder:///../secret", "folder:////etc/passwd"} {
		_, err = read(uri)
		require.Error(t, err, uri)
	}
	completed, err := jsonrpc.Call(t.Context(), c.Conn, mcptypes.Complete, mcptypes.CompleteParams{
		Ref: &mcptypes.ResourceTemplateReference{URI: "folder:///{+path}"}, Argument: mcptypes.CompleteParamsArgument{Name: "path", Value: "di"}})
	require.NoError(t, err)
	require.Equal(t, []string{"dir/a.txt"}, completed.Completion.Values)

	_, err = jsonrpc.Call(t.Context(), c.Conn, mcptypes.Subscribe, mcptypes.SubscribeParams{URI: "folder:///dir/a.txt"})
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(filepath.Join(below, "dir", "a.txt"), time.Time{}, time.Now().Add(time.Hour)))
	require.Equal(t, "folder:///dir/a.txt", <-updated)
}
