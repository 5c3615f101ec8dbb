package jsonrpc

import (
	"strings"
	"sync"

	"github.com/codexmcp/codexmcp/wire"
)

// pooledSize is the largest buffer that is used again.
const pooledSize = 4 << 20

// buffer is where an outgoing message is encoded.
type buffer struct {
	enc  wire.Encoder
	data []byte
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func newBuffer() *buffer {
	b, _ := buffers.Get().(*buffer)
	return b
}

// holds reports whether data is what the buffer holds.
func (b *buffer) holds(data []byte) bool {
	return b != nil && len(b.data) > 0 && len(data) == len(b.data) && &b.data[0] == &data[0]
}

// encode starts a message in a buffer of the pool.
func encode() *buffer {
	b := newBuffer()
	b.enc.Reset(b.data[:0])
	b.enc.Object()
	b.enc.Key(`"jsonrpc":"2.0",`)
	return b
}

// end completes the message: b.data until free.
func (b *buffer) end() error {
	b.enc.EndObject(wire.Members{}, nil)
	var err error
	b.data, err = b.enc.Result()
	return err
}

// free gives the buffer back to the pool.
func (b *buffer) free() {
	b.enc.Reset(nil)
	if cap(b.data) > pooledSize {
		b.data = nil
	}
	buffers.Put(b)
}

// encodeCall encodes a request, or a notification if id is zero.
func encodeCall(id wire.RequestID, method string, params wire.Value) (*buffer, error) {
	b := encode()
	if !id.IsZero() {
		b.enc.ID(`"id":`, id)
	}
	b.enc.String(`"method":`, method)
	if params != nil {
		b.enc.Key(`"params":`)
		params.EncodeJSON(&b.enc)
	}
	return b, b.end()
}

// encodeResult encodes a response.
func encodeResult(id wire.RequestID, result wire.Value) (*buffer, error) {
	b := encode()
	b.enc.ID(`"id":`, id)
	b.enc.Key(`"result":`)
	if result == nil {
		b.enc.Key(`{},`)
	} else {
		result.EncodeJSON(&b.enc)
	}
	return b, b.end()
}

// encodeError encodes a response that refuses. It cannot fail.
func encodeError(id wire.RequestID, e *Error) *buffer {
	b := encode()
	if id.IsZero() {
		b.enc.Key(`"id":null,`)
	} else {
		b.enc.ID(`"id":`, id)
	}
	b.enc.Key(`"error":`)
	b.enc.Object()
	b.enc.Int(`"code":`, e.Code)
	b.enc.String(`"message":`, strings.ToValidUTF8(e.Message, "\uFFFD"))
	if !e.Data.IsZero() {
		b.enc.Raw(`"data":`, e.Data)
	}
	b.enc.EndObject(wire.Members{}, nil)
	_ = b.end() // all of it is valid
	return b
}
