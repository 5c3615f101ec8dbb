package jsonrpc

import (
	"errors"
	"strings"
	"sync"

	"github.com/codexmcp/codexmcp/wire"
)

// message is one incoming message. Params and results are decoded where they stand, in the same pass as the envelope,
// as soon as the members before them tell what they are.
type message struct {
	dec          wire.Decoder
	seen         uint64 // member bits
	id           wire.RequestID
	nullID       bool
	method       string
	request      *RequestHandler      // of method
	notification *NotificationHandler // of method
	params       wire.Value           // decoded
	raw          wire.Raw             // params that came before method, or a result that came before id
	call         *call                // of ours that this answers: taken from the pending calls, so that it must be ended
	refusal      *Error
	extra        wire.Members // only to find a member that comes twice
}

// The members of a message.
const (
	hasVersion uint64 = 1 << iota
	hasID
	hasMethod
	hasParams
	hasResult
	hasError
)

var messages = sync.Pool{New: func() any { return &message{dec: wire.NewDecoder("")} }}

func newMessage() *message {
	m, _ := messages.Get().(*message)
	return m
}

func (m *message) free() {
	dec := &m.dec
	dec.Reset("")
	m.seen, m.id, m.nullID, m.method, m.request, m.notification = 0, wire.RequestID{}, false, "", nil, nil
	m.params, m.raw, m.call, m.refusal, m.extra = nil, wire.Raw{}, nil, nil, wire.Members{}
	messages.Put(m)
}

// decode reads text. The error is a *wire.Error; m.call may be set all the same.
func (m *message) decode(c *Conn, text string) error {
	d := &m.dec
	d.Reset(text)
	d.LimitDepth(c.limits.MaxDepth)
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "jsonrpc":
			d.Once(&m.seen, hasVersion)
			if c.options.RequireVersion {
				d.Const("2.0")
			} else {
				d.Skip()
			}
		case "id":
			d.Once(&m.seen, hasID)
			if m.nullID = d.Null(); !m.nullID {
				m.id = d.ID()
			}
		case "method":
			d.Once(&m.seen, hasMethod)
			if m.method = d.String(); !d.Failed() {
				m.request = c.handler.Request(m.method)
				m.notification = c.handler.Notification(m.method)
			}
		case "params":
			d.Once(&m.seen, hasParams)
			m.decodeParams(d)
		case "result":
			d.Once(&m.seen, hasResult)
			m.decodeResult(c, d)
		case "error":
			d.Once(&m.seen, hasError)
			if !d.Null() {
				m.refusal = decodeError(d)
			}
		default:
			d.Extra(&m.extra, k)
		}
	}
	if c.options.RequireVersion {
		d.Require(m.seen, hasVersion, "jsonrpc")
	}
	if err := d.End(); err != nil {
		return err
	}
	return m.complete(c)
}

// decodeParams decodes the params in place if it is known what they are.
func (m *message) decodeParams(d *wire.Decoder) {
	if d.Null() {
		return
	}
	if m.seen&hasMethod == 0 || m.seen&hasID == 0 && m.request != nil && m.notification != nil {
		m.raw = d.Raw()
		return
	}
	var newParams func() wire.Value
	switch {
	case m.request != nil:
		newParams = m.request.NewParams
	case m.notification != nil && m.seen&hasID == 0:
		newParams = m.notification.NewParams
	default:
		d.Skip()
		return
	}
	m.readParams(d, newParams)
}

func (m *message) readParams(d *wire.Decoder, newParams func() wire.Value) {
	switch {
	case newParams != nil:
		m.params = newParams()
		d.CloseEnums(m.request != nil)
		m.params.DecodeJSON(d)
		d.CloseEnums(false)
	case d.PeekKind() == wire.KindObject || d.PeekKind() == wire.KindArray:
		d.Skip()
	default:
		d.Fail("want an object, got %s", d.PeekKind())
	}
}

// decodeResult decodes the result in place if the id before it is that of a pending call.
func (m *message) decodeResult(c *Conn, d *wire.Decoder) {
	switch {
	case m.seen&hasMethod != 0:
		d.Skip()
	case m.id.IsZero():
		m.raw = d.Raw()
	default:
		if m.call = c.take(m.id); m.call == nil || m.call.result == nil {
			d.Skip()
			return
		}
		m.call.result.DecodeJSON(d)
	}
}

// complete does what had to wait for members that came late.
func (m *message) complete(c *Conn) error {
	switch {
	case m.isResponse():
		if m.call == nil && !m.id.IsZero() {
			if m.call = c.take(m.id); m.call != nil && m.call.result != nil && !m.raw.IsZero() {
				return decodeLate(&m.dec, m.raw, "result", m.call.result.DecodeJSON)
			}
		}
	case m.raw.IsZero():
	case m.seen&hasID != 0 && m.request != nil:
		return decodeLate(&m.dec, m.raw, "params", func(d *wire.Decoder) { m.readParams(d, m.request.NewParams) })
	case m.seen&hasID == 0 && m.notification != nil:
		return decodeLate(&m.dec, m.raw, "params", func(d *wire.Decoder) { m.readParams(d, m.notification.NewParams) })
	}
	return nil
}

// isResponse reports whether the message answers a call.
func (m *message) isResponse() bool {
	return m.call != nil || m.seen&hasMethod == 0 && m.seen&(hasResult|hasError) != 0
}

// decodeLate decodes a member that was kept raw.
func decodeLate(d *wire.Decoder, raw wire.Raw, name string, decode func(*wire.Decoder)) error {
	d.Reset(raw.String())
	decode(d)
	if err, ok := errors.AsType[*wire.Error](d.End()); ok {
		return err.Within(name)
	}
	return nil
}

// decodeError reads the error member of a response.
func decodeError(d *wire.Decoder) *Error {
	e := new(Error)
	var seen uint64
	var extra wire.Members
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "code":
			d.Once(&seen, 1)
			e.Code = d.Int()
		case "message":
			d.Once(&seen, 2)
			e.Message = d.String()
		case "data":
			d.Once(&seen, 4)
			e.Data = d.Raw()
		default:
			d.Extra(&extra, k)
		}
	}
	return e
}

// outline is what can be told of a message that did not decode, member by member as text.
type outline struct {
	id, method string
	response   bool
}

// outlineOf finds the members of the object in text. It checks nothing, and stops where it does not understand.
func outlineOf(text string) outline {
	var o outline
	depth, start, name := 0, 0, ""
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return o
			}
			i = end
		case '{', '[':
			if depth++; depth == 1 {
				start = i + 1
			}
		case ':':
			if depth == 1 && name == "" {
				name, start = text[start:i], i+1
			}
		case ',', '}', ']':
			if depth == 1 {
				o.note(name, text[start:i])
				name, start = "", i+1
			}
			if c != ',' {
				depth--
			}
		}
	}
	return o
}

func (o *outline) note(name, value string) {
	var d wire.Decoder
	d.Reset(strings.TrimSpace(name))
	switch d.String() {
	case "id":
		o.id += " " + value // two of them make none
	case "method":
		o.method = value
	case "result", "error":
		o.response = true
	}
}

// usableID returns the id; zero if there is none that a request can have.
func (o *outline) usableID() wire.RequestID {
	d := wire.NewDecoder(o.id)
	id := d.ID()
	if d.End() != nil {
		return wire.RequestID{}
	}
	return id
}

// methodName returns the method; false if it is missing or no string.
func (o *outline) methodName() (string, bool) {
	d := wire.NewDecoder(o.method)
	method := d.String()
	return method, d.End() == nil
}
