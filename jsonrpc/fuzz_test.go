package jsonrpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// FuzzDeliver delivers anything: it never panics, what is owed is answered once, and nothing stays behind.
func FuzzDeliver(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"echo","params":{"name":"a"}}`,
		`{"method":"echo","params":{"name":5},"id":"x"}`,
		`{"params":{"name":"a"},"method":"note"}`,
		`{"id":1,"result":{"name":"a"}}`,
		`{"error":{"code":1,"message":"x"},"id":1}`,
		`[{"id":1,"method":"ping"},{"method":"note"},5]`,
		`{"id":1e2,"method":"pi\u006eg","x":{"a":[{}]}}`,
		`{"id":null,"method":"panic"}`, `{"id":{},"\u0069d":2}`, `"`, `{"id":1,"method":"badresult"`,
	} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, batches bool) {
		methods := basics()
		delete(methods.Requests, "block") // it waits for ever
		c := jsonrpc.New(jsonrpc.Options{Handler: methods, Batches: func() bool { return batches }})
		var w collector
		require.NoError(t, c.Deliver(t.Context(), bytes.Clone(data), &w))
		got := w.take()
		for _, answer := range got {
			require.Truef(t, json.Valid([]byte(answer)), "answer %s", answer)
		}
		want, exact := owed(string(data), batches)
		if exact {
			require.Equalf(t, want, idsOf(t, got), "answers %s", got)
		} else {
			require.LessOrEqual(t, len(got), 1)
		}
		stats := c.Stats()
		require.Zero(t, stats.InFlight)
		require.Zero(t, stats.Pending)
	})
}

// owed returns the ids that the answers to text must carry, in any order; false if that cannot be told because text is
// refused for its members or depth.
func owed(text string, batches bool) (ids []string, exact bool) {
	v, err := wire.ParseRaw([]byte(text))
	if bad, ok := errors.AsType[*wire.Error](err); ok {
		return []string{"null"}, bad.Kind == wire.Syntax
	}
	switch d := wire.NewDecoder(v.String()); v.Kind() {
	case wire.KindObject:
		return owedFor(d.Members()), true
	case wire.KindArray:
		count := 0
		for ok := d.FirstItem(); ok; ok = d.NextItem() {
			count++
			part, _ := owed(d.Raw().String(), false)
			ids = append(ids, part...)
		}
		if !batches || count == 0 {
			return []string{"null"}, true
		}
		slices.Sort(ids)
		return ids, true
	}
	return []string{"null"}, true
}

func owedFor(m wire.Members) []string {
	id, hasID := m.Get("id")
	method, hasMethod := m.Get("method")
	_, hasResult := m.Get("result")
	_, hasError := m.Get("error")
	switch {
	case !hasID && method.Kind() == wire.KindString, !hasMethod && (hasResult || hasError):
		return nil
	}
	d := wire.NewDecoder(id.String())
	parsed := d.ID()
	if d.End() != nil {
		return []string{"null"}
	}
	text, _ := json.Marshal(parsed)
	return []string{string(text)}
}

// idsOf returns the ids in answers, some of which may be arrays.
func idsOf(t *testing.T, answers []string) []string {
	var ids []string
	for _, answer := range answers {
		var parts []json.RawMessage
		if answer[0] != '[' {
			parts = append(parts, json.RawMessage(answer))
		} else {
			require.NoError(t, json.Unmarshal([]byte(answer), &parts))
		}
		for _, part := range parts {
			var response struct{ ID json.RawMessage }
			require.NoError(t, json.Unmarshal(part, &response))
			text, err := json.Marshal(response.ID)
			require.NoError(t, err)
			ids = append(ids, string(text))
		}
	}
	slices.Sort(ids)
	return ids
}
