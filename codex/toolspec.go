package codex

import (
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/prompt"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// instructions are the system prompt of a turn.
func (t *turn) instructions(family config.Family) string {
	c := t.c.config
	if c.BaseInstructions != nil {
		return clean(*c.BaseInstructions)
	}
	text := prompt.Base
	if family.Codex {
		text = prompt.Short
	}
	if family.PatchHint && t.patchTool(family) == config.PatchToolNone {
		text += "\n" + prompt.Patch
	}
	return text
}

// patchTool is the kind of apply_patch tool that is offered.
func (t *turn) patchTool(family config.Family) config.PatchTool {
	switch {
	case family.PatchTool != config.PatchToolNone:
		return family.PatchTool
	case t.c.config.ApplyPatchTool:
		return config.PatchToolFreeform
	}
	return config.PatchToolNone
}

// tools are what the model is offered, in a fixed order so that its cache of
// the request's beginning holds.
func (t *turn) tools(family config.Family) []model.Tool {
	var tools []model.Tool
	switch {
	case t.settings.Approval == mcpprotocol.AskForApprovalOnRequest:
		tools = append(tools, t.escalatingShell())
	case family.LocalShell:
		tools = append(tools, model.LocalShellTool{})
	default:
		tools = append(tools, model.FunctionTool{Name: toolShell, Description: shellDescription, Parameters: shellSchema})
	}
	c := t.c.config
	if c.PlanTool {
		tools = append(tools, model.FunctionTool{Name: toolUpdatePlan, Description: planDescription, Parameters: planSchema})
	}
	switch t.patchTool(family) {
	case config.PatchToolFunction:
		tools = append(tools, model.FunctionTool{Name: toolApplyPatch, Description: prompt.Patch, Parameters: patchSchema})
	case config.PatchToolFreeform:
		tools = append(tools, model.CustomTool{Name: toolApplyPatch, Description: patchDescription, Syntax: "lark", Definition: prompt.PatchGrammar})
	}
	if c.WebSearch {
		tools = append(tools, model.WebSearchTool{})
	}
	if c.ViewImage {
		tools = append(tools, model.FunctionTool{Name: toolViewImage, Description: imageDescription, Parameters: imageSchema})
	}
	if t.c.options.Tools != nil {
		tools = append(tools, t.c.options.Tools.Specs()...)
	}
	return tools
}

// escalatingShell is the shell tool by which the model can ask for more than
// the sandbox allows.
func (t *turn) escalatingShell() model.Tool {
	tool := model.FunctionTool{Name: toolShell, Description: shellDescription + sandboxNote(t.settings.Sandbox), Parameters: shellSchema}
	if _, ok := t.settings.Sandbox.(*mcpprotocol.WorkspaceWritePolicy); ok {
		tool.Parameters = escalatingShellSchema
	}
	return tool
}

func sandboxNote(policy mcpprotocol.SandboxPolicy) string {
	switch p := policy.(type) {
	case *mcpprotocol.DangerFullAccessPolicy:
		return " There is no sandbox."
	case *mcpprotocol.WorkspaceWritePolicy:
		note := " Commands run in a sandbox that lets them read everything and write below the working folder, but not in .git"
		if p.NetworkAccess == nil || !*p.NetworkAccess {
			note += "; the network is closed"
		}
		return note + ". To run one without it, set with_escalated_permissions and say why in justification; the user decides."
	}
	return " Commands run in a sandbox that lets them read everything and write nothing; the network is closed."
}

// The names of the model's tools.
const (
	toolShell         = "shell"
	toolContainerExec = "container.exec" // another name some models have for the shell
	toolUpdatePlan    = "update_plan"
	toolApplyPatch    = "apply_patch"
	toolViewImage     = "view_image"
)

const (
	shellDescription = "Runs a command and returns its output."
	planDescription  = "Shows the user the steps of your work. Send all steps every time, at most one of them in_progress."
	patchDescription = "Edits files by a patch, written as plain text in the form that the grammar gives; it is not JSON."
	imageDescription = "Shows you an image file of this machine."
)

// The schemas of the tools' arguments.
var (
	shellSchema = schema(`{"type":"object","properties":{
		"command":{"type":"array","items":{"type":"string"},"description":"The program and its arguments, one word each."},
		"workdir":{"type":"string","description":"The folder to run in. Absent means the working folder."},
		"timeout_ms":{"type":"number","description":"After how many milliseconds the command is stopped. Absent means 10000."}
		},"required":["command"],"additionalProperties":false}`)
	escalatingShellSchema = schema(`{"type":"object","properties":{
		"command":{"type":"array","items":{"type":"string"},"description":"The program and its arguments, one word each."},
		"workdir":{"type":"string","description":"The folder to run in. Absent means the working folder."},
		"timeout_ms":{"type":"number","description":"After how many milliseconds the command is stopped. Absent means 10000."},
		"with_escalated_permissions":{"type":"boolean","description":"Asks the user to let the command run without the sandbox."},
		"justification":{"type":"string","description":"One sentence for the user: why the command needs that."}
		},"required":["command"],"additionalProperties":false}`)
	planSchema = schema(`{"type":"object","properties":{
		"explanation":{"type":"string"},
		"plan":{"type":"array","description":"The steps, in order.","items":{"type":"object","properties":{
			"step":{"type":"string"},
			"status":{"type":"string","description":"pending, in_progress or completed"}
			},"required":["step","status"],"additionalProperties":false}}
		},"required":["plan"],"additionalProperties":false}`)
	patchSchema = schema(`{"type":"object","properties":{
		"input":{"type":"string","description":"The whole patch, from *** Begin Patch to *** End Patch."}
		},"required":["input"],"additionalProperties":false}`)
	imageSchema = schema(`{"type":"object","properties":{
		"path":{"type":"string","description":"Where the image is, absolute or from the working folder."}
		},"required":["path"],"additionalProperties":false}`)
)

// schema reads a schema of this file. A test reads each of them again.
func schema(text string) wire.Raw {
	raw, err := wire.ParseRaw([]byte(text))
	if err != nil {
		return wire.Raw{}
	}
	return raw
}
