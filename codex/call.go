package codex

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A ToolSet is the tools that external servers bring to a conversation.
type ToolSet interface {
	// Specs are the tools as the model is offered them.
	Specs() []model.Tool
	// Call runs a tool by the name it is offered under. It reports false for a
	// name it does not know. begin and end tell the listeners.
	Call(ctx context.Context, call ToolCall) (output string, known bool)
	// Close ends the servers.
	Close()
}

// A ToolCall is a call of an external server's tool.
type ToolCall struct {
	Name, CallID, Arguments string
	// Emit tells the listeners of the conversation.
	Emit func(mcpprotocol.EventMsg)
	// Approve asks a person whether the tool may run, as if it were the command.
	// For a refusal there is the text that the model is told.
	Approve func(command []string, reason string) (allowed bool, refusal string)
}

// call runs the tool an item calls and returns what goes back to the model. A
// call that cannot be made is told to the model, which can do better.
func (t *turn) call(item mcpprotocol.ResponseItem) []mcpprotocol.ResponseItem {
	switch i := item.(type) {
	case *mcpprotocol.FunctionCallItem:
		output, more := t.function(i)
		return append([]mcpprotocol.ResponseItem{&mcpprotocol.FunctionCallOutputItem{CallID: i.CallID, Output: clean(output)}}, more...)
	case *mcpprotocol.CustomToolCallItem:
		output := fmt.Sprintf("unsupported call: %s", i.Name)
		if i.Name == toolApplyPatch {
			output = t.shell(shellCall{id: i.CallID, argv: []string{toolApplyPatch, i.Input}})
		}
		return []mcpprotocol.ResponseItem{&mcpprotocol.CustomToolCallOutputItem{CallID: i.CallID, Output: clean(output)}}
	case *mcpprotocol.LocalShellCallItem:
		return []mcpprotocol.ResponseItem{&mcpprotocol.FunctionCallOutputItem{CallID: i.CallID, Output: clean(t.localShell(i))}}
	}
	return nil
}

// function runs a tool with JSON arguments.
func (t *turn) function(i *mcpprotocol.FunctionCallItem) (output string, more []mcpprotocol.ResponseItem) {
	switch i.Name {
	case toolShell, toolContainerExec:
		var arguments mcpprotocol.ShellToolArguments
		if err := arguments.UnmarshalJSON([]byte(i.Arguments)); err != nil {
			return badArguments(i.Name, err), nil
		}
		call, err := callOf(i.CallID, &arguments)
		if err != nil {
			return badArguments(i.Name, err), nil
		}
		return t.shell(call), nil
	case toolApplyPatch:
		var arguments mcpprotocol.ApplyPatchArguments
		if err := arguments.UnmarshalJSON([]byte(i.Arguments)); err != nil {
			return badArguments(i.Name, err), nil
		}
		return t.shell(shellCall{id: i.CallID, argv: []string{toolApplyPatch, arguments.Input}}), nil
	case toolUpdatePlan:
		return t.updatePlan(i.Arguments), nil
	case toolViewImage:
		return t.viewImage(i.Arguments)
	}
	if t.c.options.Tools != nil {
		call := ToolCall{Name: i.Name, CallID: i.CallID, Arguments: i.Arguments, Emit: t.emitLive, Approve: func(command []string, reason string) (bool, string) {
			if t.settings.Approval == mcpprotocol.AskForApprovalNever {
				return false, "the tool was not run: " + reason + ", and nobody may be asked"
			}
			return t.askToRun(shellCall{id: i.CallID, argv: command}, t.settings.Cwd, reason, &t.c.approved)
		}}
		if output, known := t.c.options.Tools.Call(t.ctx, call); known {
			return output, nil
		}
	}
	return fmt.Sprintf("unsupported call: %s", i.Name), nil
}

func badArguments(tool string, err error) string {
	return fmt.Sprintf("failed to parse function arguments of %s: %v", tool, err)
}

// updatePlan shows the user the model's plan. It is strict: a plan that says
// something unknown is sent back.
func (t *turn) updatePlan(text string) string {
	var arguments mcpprotocol.UpdatePlanArguments
	if err := arguments.UnmarshalJSON([]byte(text)); err != nil {
		return badArguments(toolUpdatePlan, err)
	}
	for name := range arguments.Extra.All() {
		if name != "explanation" {
			return badArguments(toolUpdatePlan, fmt.Errorf("unknown member %q", name))
		}
	}
	event := &mcpprotocol.PlanUpdateEvent{Plan: arguments.Plan}
	if arguments.Explanation != "" {
		event.Explanation = &arguments.Explanation
	}
	for i, step := range arguments.Plan {
		if !step.Status.Valid() {
			return badArguments(toolUpdatePlan, fmt.Errorf("plan[%d].status: %q is none of pending, in_progress, completed", i, step.Status))
		}
		for name := range step.Extra.All() {
			return badArguments(toolUpdatePlan, fmt.Errorf("plan[%d]: unknown member %q", i, name))
		}
	}
	t.emitLive(event)
	return "Plan updated"
}

// viewImage lets the model see an image file: it follows the output as
// something the user shows.
func (t *turn) viewImage(text string) (string, []mcpprotocol.ResponseItem) {
	var arguments mcpprotocol.ViewImageArguments
	if err := arguments.UnmarshalJSON([]byte(text)); err != nil {
		return badArguments(toolViewImage, err), nil
	}
	path := t.resolve(arguments.Path)
	if policy, err := t.sandboxPolicy(); err != nil || policy.Hides(path) {
		return fmt.Sprintf("cannot show %q: it is hidden from the commands of this conversation", arguments.Path), nil
	}
	url, err := imageURL(path)
	if err != nil {
		return fmt.Sprintf("cannot show %q: %v", arguments.Path, err), nil
	}
	image := &mcpprotocol.MessageItem{Role: "user", Content: []mcpprotocol.ContentItem{&mcpprotocol.InputImageContent{ImageURL: url}}}
	return "the image follows", []mcpprotocol.ResponseItem{image}
}
