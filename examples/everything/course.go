package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// step is the time between two signs of life.
const step = 50 * time.Millisecond

// pause waits for a step, or until the request is cancelled.
func pause(ctx context.Context) error {
	select {
	case <-time.After(step):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// addCourseTools adds tools that say something while they run.
func addCourseTools(s *server.Server) error {
	logs := func(ctx context.Context, _ nothing) (string, error) {
		for _, text := range []string{"The tool has begun.", "The tool is at work.", "The tool is done."} {
			if err := errors.Join(server.Log(ctx, mcptypes.LoggingLevelInfo, "everything", text), pause(ctx)); err != nil {
				return "", err
			}
		}
		return "Three messages were logged.", nil
	}
	return errors.Join(
		server.AddTool(s, mcptypes.Tool{Name: "test_tool_with_logging", Description: "Logs while it runs."}, logs),
		server.AddTool(s, mcptypes.Tool{Name: "test_logging_tool", Description: "Logs to who asks for it."}, logs),
		server.AddTool(s, mcptypes.Tool{Name: "test_tool_with_progress", Description: "Reports its progress."},
			func(ctx context.Context, _ nothing) (string, error) {
				for _, done := range []float64{0, 50, 100} {
					if err := errors.Join(server.Progress(ctx, done, new(100.0), fmt.Sprintf("%v of 100", done)), pause(ctx)); err != nil {
						return "", err
					}
				}
				return "All 100 of 100.", nil
			}),
		server.AddTool(s, mcptypes.Tool{Name: "test_reconnection", Description: "Ends its stream before it answers."},
			func(ctx context.Context, _ nothing) (string, error) {
				if !server.CloseStream(ctx) {
					return "There was no stream to end.", nil
				}
				return "The answer came on another stream.", pause(ctx)
			}),
	)
}

// addChangeTools adds tools that change what the server offers.
func addChangeTools(s *server.Server) error {
	return errors.Join(
		server.AddTool(s, mcptypes.Tool{Name: "test_trigger_tool_change", Description: "Adds a tool, or takes it away again."},
			func(context.Context, nothing) (string, error) {
				if s.RemoveTool("test_extra_tool") {
					return "A tool is gone.", nil
				}
				err := server.AddTool(s, mcptypes.Tool{Name: "test_extra_tool", Description: "Comes and goes."}, content(mcptypes.Text("Here for now.")))
				return "A tool has come.", err
			}),
		server.AddTool(s, mcptypes.Tool{Name: "test_trigger_prompt_change", Description: "Adds a prompt, or takes it away again."},
			func(context.Context, nothing) (string, error) {
				if s.RemovePrompt("test_extra_prompt") {
					return "A prompt is gone.", nil
				}
				err := s.AddPrompt(mcptypes.Prompt{Name: "test_extra_prompt", Description: "Comes and goes."},
					func(context.Context, map[string]string) (mcptypes.GetPromptResult, error) {
						return mcptypes.GetPromptResult{Messages: []mcptypes.PromptMessage{{Role: mcptypes.RoleUser, Content: mcptypes.Text("Here for now.")}}}, nil
					}, nil)
				return "A prompt has come.", err
			}),
	)
}
