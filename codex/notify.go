package codex

import (
	"time"

	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// notifyTime bounds a notify program.
	notifyTime = 30 * time.Second
	// notifyGrace is how long one that still runs keeps its conversation from ending.
	notifyGrace = 2 * time.Second
)

// endNotifying lets the programs finish that are told of a turn's end, but not for
// long, and ends everything else that the conversation has started.
func (c *Conversation) endNotifying() {
	told := make(chan struct{})
	go func() {
		defer close(told)
		c.notifying.Wait()
	}()
	grace := time.NewTimer(notifyGrace)
	defer grace.Stop()
	select {
	case <-told:
	case <-grace.C:
	}
	c.die()
	<-told
}

// notify runs the configured program after a turn that ended normally. Nobody
// waits for it but the conversation's end; it has no part in the protocol's
// streams.
func (t *turn) notify(last string) {
	c := t.c
	if len(c.config.Notify) == 0 {
		return
	}
	payload := mcpprotocol.NotifyPayload{TurnID: t.handle.id, InputMessages: t.heard}
	if last != "" {
		payload.LastAssistantMessage = &last
	}
	text, err := payload.AppendJSON(nil)
	if err != nil {
		c.log.Error("notify", "error", err)
		return
	}
	command := exec.Command{
		Argv: append(append([]string(nil), c.config.Notify...), string(text)),
		Dir:  c.config.Cwd, Env: c.options.Environ, Timeout: notifyTime, Helper: c.options.Helper,
	}
	c.notifying.Go(func() {
		if _, err := c.options.Execute(c.living, command); err != nil {
			c.log.Warn("notify program", "conversation", c.id, "error", err)
		}
	})
}
