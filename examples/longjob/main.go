// Longjob is a server whose tool works for a while: it reports its progress and
// stops when its client no longer wants the answer.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// Job is what the tool takes.
type Job struct {
	Steps int `json:"steps" jsonschema:"minimum=1,maximum=1000,description=How much there is to do"`
}

func main() {
	s, err := newServer(100 * time.Millisecond)
	if err == nil {
		err = s.Serve(context.Background(), server.Stdio())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "longjob:", err)
		os.Exit(1)
	}
}

// newServer returns the server; a step of the job takes some time.
func newServer(step time.Duration) (*server.Server, error) {
	s := server.New(mcptypes.Implementation{Name: "longjob", Version: "1.0.0"}, nil)
	err := server.AddTool(s, mcptypes.Tool{Name: "work", Description: "Works for a while."},
		func(ctx context.Context, job Job) (string, error) { return work(ctx, job, step) })
	return s, err
}

func work(ctx context.Context, job Job, step time.Duration) (string, error) {
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	total := float64(job.Steps)
	for done := range job.Steps {
		if err := server.Progress(ctx, float64(done), &total, fmt.Sprintf("step %d", done+1)); err != nil {
			return "", err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return "", fmt.Errorf("stopped at step %d: %w", done+1, context.Cause(ctx))
		}
	}
	return fmt.Sprintf("All %d steps are done.", job.Steps), nil
}
