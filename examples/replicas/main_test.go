package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// asProgram makes the test binary the program.
const asProgram = "REPLICAS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func startNATS(t *testing.T) string {
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	require.True(t, s.ReadyForConnections(10*time.Second))
	return s.ClientURL()
}

// A process is one replica.
type process struct {
	*exec.Cmd
	url *url.URL
}

func startReplica(t *testing.T, nats string) *process {
	program, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(program, "-nats", nats)}
	p.Env = append(os.Environ(), asProgram+"=1", "STATE_KEY=of all")
	stderr, err := p.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, after, found := strings.Cut(lines.Text(), "url="); found {
			address, _, _ := strings.Cut(after, " ")
			p.url, err = url.Parse(address)
			require.NoError(t, err)
			go func() {
				for lines.Scan() { // for a look with -v
					t.Log(lines.Text())
				}
			}()
			return p
		}
	}
	require.FailNow(t, "the replica does not listen", "%v", lines.Err())
	return nil
}

// kill ends the process as no program can help.
func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// A balancer sends each request to the next process that can be reached.
type balancer struct {
	processes []*process

	mu      sync.Mutex
	next    int
	streams map[*http.Request]*open
}

// open is a request under way.
type open struct {
	by   *process
	cut  context.CancelFunc
	last string // Last-Event-ID
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cut := context.WithCancel(r.Context())
	defer cut()
	r = r.WithContext(ctx)
	o := &open{cut: cut, last: r.Header.Get("Last-Event-ID")}
	b.mu.Lock()
	b.streams[r] = o
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.streams, r)
	}()
	var p *process
	for range b.processes {
		b.mu.Lock()
		p = b.processes[b.next%len(b.processes)]
		b.next++
		o.by = p
		b.mu.Unlock()
		conn, err := net.Dial("tcp", p.url.Host)
		if err == nil {
			_ = conn.Close()
			break
		}
	}
	proxy := httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(pr *httputil.ProxyRequest) {
		pr.Out.URL.Scheme, pr.Out.URL.Host, pr.Out.Host = p.url.Scheme, p.url.Host, p.url.Host
	}}
	proxy.ServeHTTP(w, r)
}

// resumed returns the process that goes on with the stream of a call, nil if none does.
func (b *balancer) resumed() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.streams {
		if strings.Contains(o.last, ".") { // of a request
			return o.by
		}
	}
	return nil
}

// cut breaks all connections of clients.
func (b *balancer) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.streams {
		o.cut()
	}
}

// runCount calls the tool and gives every report to seen.
func runCount(t *testing.T, s *client.Session, to int, seen func(p mcptypes.ProgressParams)) (string, error) {
	arguments, err := wire.RawOf(map[string]any{"to": to, "pause": 5})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	result, err := client.Call(client.WithProgress(ctx, seen), s, mcptypes.CallTool, mcptypes.CallToolParams{Name: "count", Arguments: arguments})
	if err != nil {
		return "", err
	}
	text, ok := result.Content[0].(*mcptypes.TextContent)
	require.True(t, ok)
	return text.Text, nil
}

func TestClientsSurviveProcesses(t *testing.T) {
	nats := startNATS(t)
	b := &balancer{streams: map[*http.Request]*open{}}
	byID := map[string]*process{}
	for range 3 {
		p := startReplica(t, nats)
		b.processes = append(b.processes, p)
		byID[fmt.Sprint("process ", p.Process.Pid)] = p
	}
	web := httptest.NewServer(b)
	t.Cleanup(web.Close)
	s, err := client.ConnectHTTP(t.Context(), client.HTTP{URL: web.URL + "/mcp"}, client.Options{
		Info: mcptypes.Implementation{Name: "test", Version: "1"}, Revisions: []string{"2025-11-25"},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Close(ctx)
	})

	// The client is cut off until another process than the one that counts sends
	// it the stream; that one is killed. The client goes on at the third.
	const to = 400
	next, killed := 1.0, false
	text, err := runCount(t, s, to, func(p mcptypes.ProgressParams) {
		if p.Progress != next {
			t.Errorf("came %v, want %v", p.Progress, next)
		}
		next = p.Progress + 1
		by := b.resumed()
		switch counter := byID[p.Message]; {
		case killed:
		case int(p.Progress)%20 == 0 && (by == nil || by == counter):
			b.cut()
		case by != nil && by != counter && p.Progress > 50:
			by.kill()
			killed = true
			t.Logf("%s counts; the one that sent it, %d, is killed at %v", p.Message, by.Process.Pid, p.Progress)
		}
	})
	require.NoError(t, err)
	require.True(t, killed)
	require.Contains(t, text, fmt.Sprint("counted to ", to))
	require.InDelta(t, to+1, next, 0, "the client misses reports")

	// The process that counts is killed: the client is told.
	next, killed = 1, false
	_, err = runCount(t, s, 1_000_000, func(p mcptypes.ProgressParams) {
		if p.Progress != next {
			t.Errorf("came %v, want %v", p.Progress, next)
		}
		next = p.Progress + 1
		if p.Progress == 50 {
			byID[p.Message].kill()
			killed = true
		}
	})
	require.True(t, killed)
	require.ErrorContains(t, err, "the process that ran this request has ended")

	// The last one still serves the session.
	text, err = runCount(t, s, 3, func(mcptypes.ProgressParams) {})
	require.NoError(t, err)
	require.Contains(t, text, "counted to 3")
}

// TestProcessesEndInPeace ends one with a signal.
func TestProcessesEndInPeace(t *testing.T) {
	p := startReplica(t, startNATS(t))
	require.NoError(t, p.Process.Signal(os.Interrupt))
	require.NoError(t, p.Wait())
}
