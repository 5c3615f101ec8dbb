package server

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// sessionState is what the store keeps of a session: all that another process
// needs to serve it.
type sessionState struct {
	owner    string
	revision string
	client   *mcptypes.InitializeParams
	level    int32    // of log messages
	watches  []string // the resources that it is told of
	home     string   // the process that tells it of changes
	sent     uint64   // number of the last event that was sent of what belongs to no request
	restored int64    // how often a process took it from the store
}

// encode returns the state as text.
func (st *sessionState) encode() ([]byte, error) {
	e := wire.NewEncoder(nil)
	e.Object()
	e.String(`"owner":`, st.owner)
	e.String(`"revision":`, st.revision)
	e.Key(`"client":`)
	st.client.EncodeJSON(&e)
	e.Int(`"level":`, int64(st.level))
	texts(&e, `"watches":`, st.watches)
	e.String(`"home":`, st.home)
	e.Int(`"sent":`, int64(st.sent))
	e.Int(`"restored":`, st.restored)
	e.EndObject(wire.Members{}, nil)
	data, err := e.Result()
	if err != nil {
		return nil, fmt.Errorf("encode session: %w", err)
	}
	return data, nil
}

// decodeState is the inverse of encode.
func decodeState(data []byte) (sessionState, error) {
	st := sessionState{client: new(mcptypes.InitializeParams)}
	d := wire.NewDecoder(string(data))
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "owner":
			st.owner = d.String()
		case "revision":
			st.revision = d.String()
		case "client":
			st.client.DecodeJSON(&d)
		case "level":
			st.level = int32(d.Int())
		case "watches":
			for more := d.FirstItem(); more; more = d.NextItem() {
				st.watches = append(st.watches, d.String())
			}
		case "home":
			st.home = d.String()
		case "sent":
			st.sent = uint64(d.Int())
		case "restored":
			st.restored = d.Int()
		default: // of a later version of this program
			d.Skip()
		}
	}
	if err := d.End(); err != nil {
		return st, fmt.Errorf("decode session: %w", err)
	}
	if revisionOf(st.revision) == nil {
		return st, fmt.Errorf("decode session: protocol revision %q is not supported", st.revision)
	}
	return st, nil
}
