package jsonrpc

import (
	"errors"
	"sync"

	"github.com/codexmcp/codexmcp/wire"
)

// batch collects the responses to the messages of one incoming batch.
type batch struct {
	via *delivery

	// mu protects what follows.
	mu   sync.Mutex
	open int    // messages that are not done
	data []byte // the responses so far
}

// receiveBatch handles the batch in text.
func (c *Conn) receiveBatch(via *delivery, text string) error {
	parts, err := c.split(text)
	if err != nil {
		c.refuse(via, nil, wire.RequestID{}, err)
		return nil
	}
	b := &batch{via: via, open: len(parts)}
	for _, part := range parts {
		m := newMessage()
		accepted, err := c.handle(via, m, part.String(), b)
		m.free()
		if err != nil {
			return err
		}
		if !accepted {
			b.done(c, via.stream)
		}
	}
	return nil
}

// split cuts a batch into its messages.
func (c *Conn) split(text string) ([]wire.Raw, *Error) {
	d := wire.NewDecoder(text)
	d.LimitDepth(c.limits.MaxDepth + 1)
	legal := c.options.Batches != nil && c.options.Batches()
	var parts []wire.Raw
	count := 0
	for ok := d.FirstItem(); ok; ok = d.NextItem() {
		if count++; legal && count <= c.limits.MaxBatch {
			parts = append(parts, d.Raw())
		} else {
			d.Skip()
		}
	}
	if err, ok := errors.AsType[*wire.Error](d.End()); ok {
		if err.Kind == wire.Syntax {
			return nil, &Error{Code: CodeParseError, Message: err.Error()}
		}
		return nil, &Error{Code: CodeInvalidRequest, Message: err.Error()}
	}
	switch {
	case !legal:
		return nil, Errorf(CodeInvalidRequest, "batches are not supported")
	case count == 0:
		return nil, Errorf(CodeInvalidRequest, "batch is empty")
	case count > c.limits.MaxBatch:
		err := &LimitError{"messages in a batch", c.limits.MaxBatch}
		return nil, &Error{Code: CodeInvalidRequest, Message: err.Error()}
	}
	return parts, nil
}

// add notes a response.
func (b *batch) add(response []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	separator := byte(',')
	if len(b.data) == 0 {
		separator = '['
	}
	b.data = append(append(b.data, separator), response...)
}

// done notes that a message is done with. The last one sends the responses.
func (b *batch) done(c *Conn, reading bool) {
	b.mu.Lock()
	b.open--
	last := b.open == 0 && len(b.data) > 0
	b.mu.Unlock()
	if last {
		c.answer(b.via, nil, Outgoing{Data: append(b.data, ']'), Kind: Response, Hold: reading && b.via.holds, reading: reading})
	}
}
