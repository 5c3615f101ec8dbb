package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// demoTime bounds the whole demonstration.
const demoTime = time.Minute

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show a whole conversation, without account or network",
		Long: `demo starts a scripted model endpoint on this machine and the real server as a
child process, connects to it with the real client and runs a conversation of
two turns: one with a command that you would be asked about and a patch, one
that only talks. It prints what happens as it happens. It leaves nothing behind.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), demoTime)
			defer cancel()
			return demo(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

// The script of the demonstration.
const (
	demoFile  = "haiku.txt"
	demoPoem  = "Types from a schema,\na server speaks them plainly:\nnothing lost, nor guessed.\n"
	demoReply = "It is about types that lose nothing."
)

func demoScript() ([]scripted.Reply, error) {
	shell, err := wire.RawOf(map[string]any{"command": []string{"mkdir", "poems"}})
	if err != nil {
		return nil, err
	}
	added := "+" + strings.ReplaceAll(strings.TrimSuffix(demoPoem, "\n"), "\n", "\n+")
	demoPatch := "*** Begin Patch\n*** Add File: " + demoFile + "\n" + added + "\n*** End Patch"
	patch, err := wire.RawOf(map[string]any{"command": []string{"apply_patch", demoPatch}, "workdir": "poems"})
	if err != nil {
		return nil, err
	}
	usage := &scripted.Usage{Input: 40, Output: 12}
	return []scripted.Reply{
		{Calls: []scripted.Call{{ID: "call_1", Name: "shell", Arguments: shell.String()}}, Usage: usage},
		{Calls: []scripted.Call{{ID: "call_2", Name: "shell", Arguments: patch.String()}}, Usage: usage},
		{Text: []string{"I made the folder ", "and wrote the poem."}, Usage: usage},
		{Text: strings.SplitAfter(demoReply, "types "), Usage: usage},
	}, nil
}

// demo runs the demonstration. Its error says what was not seen.
func demo(ctx context.Context, out, errw io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "codexmcp-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	home, work := filepath.Join(folder, "home"), filepath.Join(folder, "work")
	if err := errors.Join(os.Mkdir(home, 0o755), os.Mkdir(work, 0o755)); err != nil {
		return err
	}
	d := &demonstration{out: out, work: work}
	script, err := demoScript()
	if err != nil {
		return err
	}
	endpoint, err := scripted.Start(script...)
	if err != nil {
		return fmt.Errorf("start the scripted model: %w", err)
	}
	defer func() { err = errors.Join(err, endpoint.Close()) }()
	d.say("model", "a scripted endpoint listens at %s", endpoint.URL())

	session, err := d.start(ctx, home, work, endpoint.URL(), errw)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close(context.WithoutCancel(ctx))) }()
	info := session.Server()
	d.say("server", "%s %s speaks MCP %s", info.ServerInfo.Name, info.ServerInfo.Version, info.ProtocolVersion)
	for tool, err := range session.Tools(ctx) {
		if err != nil {
			return err
		}
		d.say("tool", "%s: %s", tool.Name, tool.Description)
	}

	first, err := d.call(ctx, session, "codex", map[string]any{
		"prompt": "Write a haiku into a file in a folder of its own.", "approval-policy": "untrusted", "sandbox": "workspace-write",
	})
	if err != nil {
		return err
	}
	second, err := d.call(ctx, session, "codex-reply", map[string]any{
		"conversationId": string(first.ConversationID), "prompt": "What is it about?",
	})
	if err != nil {
		return err
	}
	written, err := os.ReadFile(filepath.Join(work, "poems", demoFile))
	if err != nil {
		return fmt.Errorf("the patch should have written a file: %w", err)
	}
	d.say("file", "poems/%s\n%s", demoFile, written)
	return d.check(first, second, string(written), len(endpoint.Requests()))
}

// A demonstration prints what happens and keeps count of what was seen.
type demonstration struct {
	out                          io.Writer
	work                         string // the folder that the conversation works in
	asked, ran, patched, started int
}

// say prints who did what; further lines are set in. The folder of the
// demonstration goes without saying.
func (d *demonstration) say(who, format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), d.work+string(filepath.Separator), "")
	text = strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n          ")
	// A terminal that has gone away changes nothing about what is being shown.
	_, _ = fmt.Fprintf(d.out, "%-9s %s\n", who, text)
}

// start runs the server as a child process and connects to it.
func (d *demonstration) start(ctx context.Context, home, work, url string, errw io.Writer) (*client.Session, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	provider := fmt.Sprintf(`model_providers.demo={name="Demo", base_url=%q, wire_api="chat", request_max_retries=0, stream_max_retries=0}`, url)
	cmd := exec.CommandContext(ctx, program, "serve", "-c", "model=demo", "-c", "model_provider=demo", "-c", provider)
	cmd.Dir, cmd.Stderr = work, errw
	cmd.Env = append(os.Environ(), "CODEX_HOME="+home)
	transport, err := client.Command(cmd, jsonrpc.Limits{})
	if err != nil {
		return nil, err
	}
	return client.Connect(ctx, transport, client.Options{
		Info: mcptypes.Implementation{Name: "codexmcp-demo", Version: version()},
		Elicit: func(_ context.Context, question mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			d.asked++
			d.say("asked", "%s", question.Message)
			d.say("answer", "yes")
			return mcptypes.ElicitResult{Action: mcptypes.ElicitActionAccept}, nil
		},
		Notifications: map[string]*jsonrpc.NotificationHandler{
			mcpprotocol.Event.Method: jsonrpc.HandleNotification(mcpprotocol.Event, d.event),
		},
	})
}

// event prints one event.
func (d *demonstration) event(_ context.Context, e mcpprotocol.EventParams) {
	switch m := e.Msg.(type) {
	case *mcpprotocol.SessionConfiguredEvent:
		d.say("event", "conversation %s with model %s", m.SessionID, m.Model)
	case *mcpprotocol.TaskStartedEvent:
		d.started++
		d.say("event", "the turn begins")
	case *mcpprotocol.AgentMessageEvent:
		d.say("codex", "%s", m.Message)
	case *mcpprotocol.ExecCommandBeginEvent:
		d.say("event", "runs: %s", strings.Join(m.Command, " "))
	case *mcpprotocol.ExecCommandEndEvent:
		if m.ExitCode == 0 {
			d.ran++
		}
		d.say("event", "the command ended with exit code %d", m.ExitCode)
	case *mcpprotocol.PatchApplyBeginEvent:
		d.say("event", "edits %s", strings.Join(slices.Sorted(maps.Keys(m.Changes)), ", "))
	case *mcpprotocol.PatchApplyEndEvent:
		if m.Success {
			d.patched++
		}
		d.say("event", "%s", strings.TrimSpace(m.Stdout+m.Stderr))
	case *mcpprotocol.TurnDiffEvent:
		d.say("diff", "%s", m.UnifiedDiff)
	case *mcpprotocol.TokenCountEvent:
		if m.Info != nil {
			d.say("event", "%d tokens so far", m.Info.TotalTokenUsage.TotalTokens)
		}
	case *mcpprotocol.ErrorEvent:
		d.say("error", "%s", m.Message)
	case *mcpprotocol.TaskCompleteEvent:
		d.say("event", "the turn is complete")
	}
}

// call runs one turn.
func (d *demonstration) call(ctx context.Context, session *client.Session, tool string, arguments map[string]any) (*mcpprotocol.CodexToolResult, error) {
	raw, err := wire.RawOf(arguments)
	if err != nil {
		return nil, err
	}
	d.say("you", "%s", arguments["prompt"])
	result, err := client.Call(ctx, session, mcptypes.CallTool, mcptypes.CallToolParams{Name: tool, Arguments: raw})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", tool, err)
	}
	var structured mcpprotocol.CodexToolResult
	if err := result.StructuredContent.Decode(&structured); err != nil {
		return nil, fmt.Errorf("result of %s: %w", tool, err)
	}
	d.say("result", "%s: %s", structured.Status, structured.Message)
	return &structured, nil
}

// check fails unless everything that was to be shown was really seen.
func (d *demonstration) check(first, second *mcpprotocol.CodexToolResult, written string, requests int) error {
	var missing []error
	want := func(ok bool, what string) {
		if !ok {
			missing = append(missing, errors.New("not seen: "+what))
		}
	}
	want(first.Status == mcpprotocol.TurnStatusCompleted && second.Status == mcpprotocol.TurnStatusCompleted, "two completed turns")
	want(first.ConversationID == second.ConversationID, "one conversation")
	want(d.started == 2, "two turns that begin")
	want(d.asked == 2, "two questions for approval")
	want(d.ran == 1, "a command that succeeds")
	want(d.patched == 1, "a patch that is applied")
	want(written == demoPoem, "the poem of the patch")
	want(second.Message == demoReply, "the scripted answer")
	want(requests == 4, "four requests to the model")
	if err := errors.Join(missing...); err != nil {
		return err
	}
	d.say("demo", "all of it was seen: two turns of one conversation, a command and a patch, both asked about")
	return nil
}
