package mcpserver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// Rough edge 51: bytes that are not UTF-8 are refused, and the server goes on.
func Test51InvalidUTF8DoesNotEndTheServer(t *testing.T) {
	c, _ := start(t, setup{})
	c.send("\xff\xfe")
	require.Equal(t, -32700, c.code(nil))
	c.result("newConversation", object{})
}

// Rough edge 59: a duration on the wire is an object of seconds and nanoseconds.
func Test59DurationIsAnObject(t *testing.T) {
	c, _ := start(t, setup{
		config:  []string{`sandbox_mode = "danger-full-access"`, `approval_policy = "never"`},
		replies: []scripted.Reply{shellCall(t, "call_1", "true"), text("done")},
	})
	id := c.result("newConversation", object{})["conversationId"]
	c.result("addConversationListener", object{"conversationId": id})
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("go")})
	duration, ok := c.event("exec_command_end")["msg"].(object)["duration"].(object)
	require.True(t, ok)
	require.Len(t, duration, 2)
	require.Contains(t, duration, "secs")
	require.Contains(t, duration, "nanos")
	c.event("task_complete")
}
