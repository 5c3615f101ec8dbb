// Files is a server for the files of one folder: each can be read, watched for
// changes, and found while its name is being typed.
//
//	files FOLDER
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// maxFile is the largest file that is read.
const maxFile = 8 << 20

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: files FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "files:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	root, err := os.OpenRoot(folder) // nothing outside can be reached
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	f := &files{root: root.FS()}
	s, err := f.newServer()
	if err != nil {
		return errors.Join(err, root.Close())
	}
	go f.watch(ctx, s, time.Second)
	return errors.Join(s.Serve(ctx, server.Stdio()), root.Close())
}

// files are the files below a folder.
type files struct{ root fs.FS }

func (f *files) newServer() (*server.Server, error) {
	s := server.New(mcptypes.Implementation{Name: "files", Version: "1.0.0"}, nil)
	err := s.AddTemplate(mcptypes.ResourceTemplate{
		URITemplate: "folder:///{+path}", Name: "file", Title: "File", Description: "A file of the folder.",
	}, f.read, f.complete)
	return s, err
}

// read returns a file, as text if it is one.
func (f *files) read(_ context.Context, uri string, variables map[string]string) ([]mcptypes.ResourceContents, error) {
	name := variables["path"]
	info, err := fs.Stat(f.root, name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, server.NotFound(uri)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%q has %d bytes, more than %d", name, info.Size(), maxFile)
	}
	data, err := fs.ReadFile(f.root, name)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if utf8.Valid(data) {
		return []mcptypes.ResourceContents{&mcptypes.TextResourceContents{URI: uri, MIMEType: kind, Text: string(data)}}, nil
	}
	return []mcptypes.ResourceContents{&mcptypes.BlobResourceContents{URI: uri, MIMEType: kind, Blob: base64.StdEncoding.EncodeToString(data)}}, nil
}

// complete suggests the files whose path begins with what was typed.
func (f *files) complete(_ context.Context, _, typed string, _ map[string]string) ([]string, error) {
	var found []string
	err := f.walk(func(name string, _ fs.FileInfo) {
		if strings.HasPrefix(name, typed) {
			found = append(found, name)
		}
	})
	return found, err
}

// walk visits the files.
func (f *files) walk(visit func(string, fs.FileInfo)) error {
	return fs.WalkDir(f.root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir // what cannot be looked at is not there
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			visit(name, info)
		}
		return nil
	})
}

// watch looks for changes now and then, and tells who subscribed.
func (f *files) watch(ctx context.Context, s *server.Server, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	known := f.times()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := f.times()
		for name, changed := range now {
			if before, ok := known[name]; !ok || !before.Equal(changed) {
				s.ResourceUpdated("folder:///" + name)
			}
		}
		for name := range known {
			if _, ok := now[name]; !ok {
				s.ResourceUpdated("folder:///" + name)
			}
		}
		known = now
	}
}

// times says when each file was changed last.
func (f *files) times() map[string]time.Time {
	times := map[string]time.Time{}
	if err := f.walk(func(name string, info fs.FileInfo) { times[name] = info.ModTime() }); err != nil {
		fmt.Fprintln(os.Stderr, "files:", err)
	}
	return times
}
