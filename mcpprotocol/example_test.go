package mcpprotocol_test

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// What happens in a conversation arrives as events, a union of many kinds.
func Example_event() {
	for _, text := range []string{
		`{"id":"0","msg":{"type":"agent_message","message":"Done."}}`,
		`{"id":"0","msg":{"type":"exec_approval_request","call_id":"c1","command":["rm","-r","build"],"cwd":"/src"}}`,
		`{"id":"0","msg":{"type":"mood_changed","mood":"sunny"}}`,
	} {
		var event mcpprotocol.EventParams
		if err := wire.Unmarshal([]byte(text), &event); err != nil {
			fmt.Println(err)
			return
		}
		switch msg := event.Msg.(type) {
		case *mcpprotocol.AgentMessageEvent:
			fmt.Println(msg.Message)
		case *mcpprotocol.ExecApprovalRequestEvent:
			fmt.Printf("may %q run in %s?\n", msg.Command, msg.Cwd)
		case *mcpprotocol.UnknownEventMsg: // from a newer server, kept as it came
			fmt.Println("skipped a", msg.Tag)
		}
	}
	// Output:
	// Done.
	// may ["rm" "-r" "build"] run in /src?
	// skipped a mood_changed
}

// The decision about a command is one of an open set.
func Example_decision() {
	result := mcpprotocol.ExecCommandApprovalResult{Decision: mcpprotocol.ReviewDecisionApproved}
	text, err := wire.Append(nil, &result)
	fmt.Println(mcpprotocol.ExecCommandApproval.Method, string(text), err)
	// Output: execCommandApproval {"decision":"approved"} <nil>
}
