package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codexmcp/codexmcp/wire"
)

const (
	// maxRounds is how often a server may ask for input in the course of one call.
	maxRounds = 32
	// maxQuestions is how much it may ask for at once.
	maxQuestions = 64
	// maxPause is the longest wait before a call is made again that needs no input.
	maxPause = 5 * time.Second
)

// callStateless makes a call that says who the client is, and answers what the
// server wants to know before it has a result.
func (s *Session) callStateless(ctx context.Context, method string, params, result wire.Value, meta wire.Members) error {
	if err := s.introduce(&meta); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	request := &metaParams{params: params, meta: meta}
	pause := 50 * time.Millisecond
	for range maxRounds {
		answer := &reply{result: result}
		if err := s.conn.Call(ctx, method, request, answer); err != nil || !answer.inputRequired {
			return err
		}
		request.beside = wire.MembersOf()
		if state, ok := answer.required.Get("requestState"); ok {
			request.beside.Set("requestState", state)
		}
		asked, _ := answer.required.Get("inputRequests")
		questions, err := members(asked)
		if err != nil {
			return fmt.Errorf("%s: inputRequests: %w", method, err)
		}
		if questions.Len() == 0 { // the server only wants to be asked again
			pause = min(2*pause, maxPause)
			if err := wait(ctx, pause); err != nil {
				return fmt.Errorf("%s: %w", method, err)
			}
			continue
		}
		responses, err := s.answer(ctx, questions)
		if err == nil {
			err = request.beside.SetValue("inputResponses", responses)
		}
		if err != nil {
			return fmt.Errorf("%s: the server needs input: %w", method, err)
		}
	}
	return fmt.Errorf("%s: the server asked for input more than %d times", method, maxRounds)
}

// introduce adds to _meta what every request says of the client.
func (s *Session) introduce(meta *wire.Members) error {
	s.mu.Lock()
	level := s.level
	s.mu.Unlock()
	capabilities := s.options.capabilities(Stateless)
	err := errors.Join(
		meta.SetValue("io.modelcontextprotocol/protocolVersion", Stateless),
		meta.SetValue("io.modelcontextprotocol/clientInfo", &s.options.Info),
		meta.SetValue("io.modelcontextprotocol/clientCapabilities", &capabilities),
	)
	if level != "" {
		err = errors.Join(err, meta.SetValue("io.modelcontextprotocol/logLevel", string(level)))
	}
	return err
}

// answer has the client's handlers answer what a server asks for, in its order.
func (s *Session) answer(ctx context.Context, questions wire.Members) (wire.Members, error) {
	responses := wire.MembersOf()
	if questions.Len() > maxQuestions {
		return responses, fmt.Errorf("it asks for %d things at once, more than %d", questions.Len(), maxQuestions)
	}
	for name, question := range questions.All() {
		response, err := s.answerOne(ctx, question)
		if err != nil {
			return responses, fmt.Errorf("%q: %w", name, err)
		}
		responses.Set(name, response)
	}
	return responses, nil
}

func (s *Session) answerOne(ctx context.Context, question wire.Raw) (wire.Raw, error) {
	m, err := members(question)
	if err != nil {
		return wire.Raw{}, err
	}
	var method string
	if raw, ok := m.Get("method"); !ok || raw.Decode(&method) != nil {
		return wire.Raw{}, errors.New("method: missing")
	}
	h := s.handles.Request(method)
	if h == nil {
		return wire.Raw{}, fmt.Errorf("this client does not serve %q", method)
	}
	var params wire.Value
	if h.NewParams != nil {
		params = h.NewParams()
		raw, given := m.Get("params")
		if !given {
			raw = wire.EmptyObject()
		}
		if err := wire.Unmarshal(raw.Bytes(), params); err != nil {
			return wire.Raw{}, fmt.Errorf("%s params: %w", method, err)
		}
	}
	result, err := h.Serve(ctx, params)
	if err != nil {
		return wire.Raw{}, fmt.Errorf("%s: %w", method, err)
	}
	text, err := wire.Append(nil, result)
	if err != nil {
		return wire.Raw{}, fmt.Errorf("%s: %w", method, err)
	}
	return wire.ParseRaw(text)
}

// A reply is a result, or says what the server needs to know first.
type reply struct {
	result        wire.Value
	inputRequired bool
	required      wire.Members
}

// EncodeJSON is not used: replies are received.
func (r *reply) EncodeJSON(e *wire.Encoder) { e.Null() }

// DecodeJSON reads whichever it is.
func (r *reply) DecodeJSON(d *wire.Decoder) {
	kind, _ := d.PeekString("resultType")
	switch {
	case kind == "input_required":
		r.inputRequired, r.required = true, d.Members()
	case kind != "" && kind != "complete":
		d.Fail("result of the unknown type %q", kind)
	case r.result == nil:
		d.Skip()
	default:
		r.result.DecodeJSON(d)
	}
}

// wait waits for a time, or for the end of ctx, whose cause it returns.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
