package gen

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/codexmcp/codexmcp"

// codecs is a program that has every generated type: those of the repository's
// packages and those of the goldens. Tests ask it to decode and encode, so
// that they need no list of types kept by hand.
type codecs struct {
	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

type codecReply struct {
	Data  []byte
	Error string
}

// A question is one request to the program, of the kinds roundtrip, cut, schema
// and valid, and what to do with the answer.
type question struct {
	Op, Type string
	Data     []byte
	answer   func(data []byte, err error)
}

// askAll asks many questions at once, which costs far less than one by one.
func (c *codecs) askAll(questions []question) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := make(chan error, 1)
	go func() {
		out := bufio.NewWriter(c.in)
		encode := json.NewEncoder(out)
		for _, q := range questions {
			if err := encode.Encode(q); err != nil {
				written <- err
				return
			}
		}
		written <- out.Flush()
	}()
	for _, q := range questions {
		var reply codecReply
		if err := c.out.Decode(&reply); err != nil {
			return fmt.Errorf("%s %s %q: %w", q.Op, q.Type, q.Data, err)
		}
		var err error
		if reply.Error != "" {
			err = errors.New(reply.Error)
		}
		q.answer(reply.Data, err)
	}
	return <-written
}

// ask asks one question.
func (c *codecs) ask(op, typ string, data []byte) (answer []byte, err error) {
	failed := c.askAll([]question{{op, typ, data, func(data []byte, problem error) { answer, err = data, problem }}})
	return answer, errors.Join(failed, err)
}

var startCodecs = sync.OnceValues(func() (*codecs, error) {
	dir, err := os.MkdirTemp("", "codecs")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	home, err := filepath.Abs("testdata/codecs")
	if err != nil {
		return nil, err
	}
	// The packages of goldens and the table exist for the compiler only.
	overlay := map[string]string{}
	place := func(name string, data []byte) error {
		path := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
		overlay[filepath.Join(home, filepath.FromSlash(name))] = path
		return os.WriteFile(path, data, 0o600)
	}
	packages, err := repositoryPackages()
	if err != nil {
		return nil, err
	}
	goldens, err := goldenPackages()
	if err != nil {
		return nil, err
	}
	for _, g := range goldens {
		files, err := Render(g)
		if err != nil {
			return nil, err
		}
		for name, data := range files {
			if err := place(g.Name+"/"+name, data); err != nil {
				return nil, err
			}
		}
	}
	if err := place("table.go", table(append(packages, goldens...))); err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), config, 0o600); err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "codecs")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./testdata/codecs")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, text)
	}
	c := &codecs{cmd: exec.Command(program)}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(out)
	return c, c.cmd.Start()
})

func useCodecs(t *testing.T) *codecs {
	t.Helper()
	codecsStarted.Store(true)
	c, err := startCodecs()
	require.NoError(t, err)
	return c
}

var codecsStarted atomic.Bool

func TestMain(m *testing.M) {
	code := m.Run()
	if codecsStarted.Load() {
		if c, err := startCodecs(); err == nil {
			_ = c.in.Close()
			_ = c.cmd.Wait()
		}
	}
	os.Exit(code)
}

// table is the source of the table of types.
func table(packages []*Package) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package main\n\nimport (\n\t%q\n", module+"/wire")
	for _, p := range packages {
		fmt.Fprintf(&b, "\t%q\n", p.Import)
	}
	fmt.Fprintf(&b, ")\n\nvar valueTable = map[string]func() wire.Value{\n")
	for _, p := range packages {
		for _, s := range p.Structs {
			fmt.Fprintf(&b, "\t%q: func() wire.Value { return new(%[1]s) },\n", p.Name+"."+s.Name)
		}
		for _, u := range p.Unions {
			fmt.Fprintf(&b, "\t%q: func() wire.Value { return &union[%[1]s]{decode: %[2]s.Decode%[3]s, encode: %[2]s.Encode%[3]s} },\n", p.Name+"."+u.Name, p.Name, u.Name)
		}
	}
	fmt.Fprintf(&b, "}\n\nvar enumTable = map[string]func(string) bool{\n")
	for _, p := range packages {
		for _, e := range p.Enums {
			if len(e.Values) > 0 {
				fmt.Fprintf(&b, "\t%q: func(s string) bool { return %[1]s(s).Valid() },\n", p.Name+"."+e.Name)
			}
		}
	}
	fmt.Fprintf(&b, "}\n\nvar _ = []any{valueTable, enumTable")
	for _, p := range packages {
		if len(p.Methods) > 0 {
			fmt.Fprintf(&b, ", %s.%s", p.Name, p.Methods[0].Name)
		} else if len(p.Structs)+len(p.Unions)+len(p.Enums) == 0 {
			continue
		}
	}
	fmt.Fprintf(&b, "}\n")
	return b.Bytes()
}

func read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
}

// repository is what the repository's own packages are generated from.
var repository = sync.OnceValues(func() ([]Source, error) {
	text, err := read("schema/packages.json")
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(text)
	if err != nil {
		return nil, err
	}
	sources, _, err := m.Load(read)
	return sources, err
})

func repositoryPackages() ([]*Package, error) {
	sources, err := repository()
	if err != nil {
		return nil, err
	}
	var packages []*Package
	for _, src := range sources {
		p, err := Build(src)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}

// exports finds the compiler's export data, by import path, of what generated code may import.
var exports = sync.OnceValues(func() (map[string]string, error) {
	text, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", module+"/wire", "maps", "slices").Output()
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			found[path] = file
		}
	}
	return found, nil
})

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
