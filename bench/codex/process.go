package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A process is a running server with a home and a working directory of its own.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	nextID int
	home   string
}

// A message is what a server writes, as far as it is of interest here.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// launch starts a program with an own home below dir, and initializes it.
func launch(ctx context.Context, p program, dir, config string) (*process, error) {
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	if config != "" {
		if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600); err != nil {
			return nil, err
		}
	}
	s := &process{cmd: exec.CommandContext(ctx, p.path, p.args...), home: home}
	s.cmd.Dir = dir
	s.cmd.Env = []string{"HOME=" + dir, "CODEX_HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=dumb"}
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReaderSize(out, 1<<20)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	const hello = `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`
	if _, err := s.call("initialize", json.RawMessage(hello), ""); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// call sends a request and returns its result. It waits for the notification
// event too, if that is not empty: it may come before the result.
func (s *process) call(method string, params any, event string) (result json.RawMessage, err error) {
	s.nextID++
	id := strconv.Itoa(s.nextID)
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": s.nextID, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if _, err := s.in.Write(append(text, '\n')); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	for answered, told := false, event == ""; !answered || !told; {
		line, err := s.out.ReadSlice('\n')
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		switch {
		case m.Method != "":
			told = told || m.Method == event
		case string(m.ID) != id:
		case m.Error != nil:
			return nil, fmt.Errorf("%s: answered %s", method, m.Error)
		default:
			answered, result = true, m.Result
		}
	}
	return result, nil
}

// end closes stdin and waits for the exit.
func (s *process) end() error {
	if err := s.in.Close(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, s.out); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return s.cmd.Wait()
}

// cpu is the CPU time that the process took, which has ended, and those of its
// children that it waited for.
func (s *process) cpu() time.Duration {
	return s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
}

// memory returns the resident and the proportional set size, in MiB.
func (s *process) memory() (rss, pss float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "Rss:":
			rss = kib / 1024
		case "Pss:":
			pss = kib / 1024
		}
	}
	return rss, pss, nil
}

// pair starts both programs, each in a folder of its own below dir.
func pair(ctx context.Context, programs [2]program, dir, config string) (pair [2]*process, err error) {
	for i, p := range programs {
		if pair[i], err = launch(ctx, p, filepath.Join(dir, strconv.Itoa(i)), config); err != nil {
			return pair, fmt.Errorf("%s: %w", p.path, err)
		}
	}
	return pair, nil
}
