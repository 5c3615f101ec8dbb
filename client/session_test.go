package client_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

func TestRevisionIsNegotiated(t *testing.T) {
	unsupported := func(context.Context, object) (any, error) {
		return nil, &jsonrpc.Error{Code: -32022, Message: "no"}
	}
	tests := []struct {
		name      string
		answers   answers
		revisions []string
		want      string
		wantErr   string
	}{
		{"newest", answers{"server/discover": fixed(discovered)}, nil, "2026-07-28", ""},
		{"older server", answers{"initialize": handshake("2025-06-18")}, nil, "2025-06-18", ""},
		{"oldest server", answers{"initialize": handshake("2024-11-05")}, nil, "2024-11-05", ""},
		{"handshake first", answers{"initialize": handshake("2025-03-26"), "server/discover": fixed(discovered)}, []string{"2025-06-18", "2025-03-26", "2026-07-28"}, "2025-03-26", ""},
		{"handshake refused", answers{"initialize": unsupported, "server/discover": fixed(discovered)}, []string{"2025-06-18", "2026-07-28"}, "2026-07-28", ""},
		{"only others", answers{"initialize": handshake("2031-01-01")}, nil, "", `the server speaks revision "2031-01-01"`},
		{"not wanted", answers{"initialize": handshake("2025-06-18")}, []string{"2026-07-28"}, "", "server/discover"},
		{"discovers others", answers{"initialize": handshake("2025-11-25"),
			"server/discover": fixed(`{"resultType":"complete","ttlMs":0,"cacheScope":"private","supportedVersions":["2025-11-25"],"capabilities":{}}`)}, nil, "2025-11-25", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _, err := tryConnect(t, tt.answers, client.Options{Revisions: tt.revisions})
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, s.Revision())
			require.Equal(t, "peer", s.Server().ServerInfo.Name)
			require.NoError(t, s.Close(t.Context()))
		})
	}
}

// Some servers do not answer a question they do not know.
func TestSilenceToDiscoverMeansOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(ctx context.Context, _ object) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		s, _, err := tryConnect(t, answers{"server/discover": silent, "initialize": handshake("2025-06-18")}, client.Options{})
		require.NoError(t, err)
		require.Equal(t, "2025-06-18", s.Revision())
		require.NoError(t, s.Close(t.Context()))
	})
}

func TestCapabilitiesFollowFromHandlers(t *testing.T) {
	a := answers{"initialize": handshake("2025-11-25")}
	o := client.Options{Revisions: []string{"2025-11-25"}}
	_, p := connect(t, a, o)
	require.JSONEq(t, `{}`, string(p.next(t, "initialize")["capabilities"]))

	o.Elicit = func(context.Context, mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
		return mcptypes.ElicitResult{}, nil
	}
	o.CreateMessage = func(context.Context, mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
		return mcptypes.CreateMessageResult{}, nil
	}
	o.Roots = func(context.Context) ([]mcptypes.Root, error) { return nil, nil }
	_, p = connect(t, a, o)
	require.JSONEq(t, `{"elicitation":{},"sampling":{},"roots":{"listChanged":true}}`, string(p.next(t, "initialize")["capabilities"]))
}

func TestListsComeInPages(t *testing.T) {
	pages := func(name string) func(context.Context, object) (any, error) {
		return func(_ context.Context, params object) (any, error) {
			item := `{"name":"a","uri":"file:///a","uriTemplate":"file:///{x}","inputSchema":{}}`
			if params["cursor"] == nil {
				return `{"` + name + `":[` + item + `,` + item + `],"nextCursor":"2"}`, nil
			}
			return `{"` + name + `":[` + item + `]}`, nil
		}
	}
	s, _ := connect(t, answers{"initialize": handshake("2025-06-18"), "tools/list": pages("tools"), "resources/list": pages("resources"),
		"resources/templates/list": pages("resourceTemplates"), "prompts/list": pages("prompts")}, client.Options{})
	counts := map[string]int{}
	for _, err := range s.Tools(t.Context()) {
		require.NoError(t, err)
		counts["tools"]++
	}
	for _, err := range s.Resources(t.Context()) {
		require.NoError(t, err)
		counts["resources"]++
	}
	for _, err := range s.ResourceTemplates(t.Context()) {
		require.NoError(t, err)
		counts["templates"]++
	}
	for _, err := range s.Prompts(t.Context()) {
		require.NoError(t, err)
		counts["prompts"]++
	}
	require.Equal(t, map[string]int{"tools": 3, "resources": 3, "templates": 3, "prompts": 3}, counts)
}

func TestProgressReachesItsCall(t *testing.T) {
	var p *peer
	s, p := connect(t, answers{"initialize": handshake("2025-06-18"), "tools/call": func(ctx context.Context, params object) (any, error) {
		var meta struct {
			ProgressToken int64 `json:"progressToken"`
			Own           bool  `json:"own"`
		}
		if err := unmarshal(params["_meta"], &meta); err != nil {
			return nil, err
		}
		p.notify(t, ctx, "notifications/progress", `{"progressToken":`+number(meta.ProgressToken)+`,"progress":1,"total":2}`)
		p.notify(t, ctx, "notifications/progress", `{"progressToken":"stray","progress":1}`)
		return `{"content":[]}`, nil
	}}, client.Options{})
	var reports []float64
	ctx := client.WithProgress(t.Context(), func(r mcptypes.ProgressParams) { reports = append(reports, r.Progress) })
	_, err := s.CallTool(ctx, "slow", nil)
	require.NoError(t, err)
	require.Equal(t, []float64{1}, reports)
}

func TestServerMayAsk(t *testing.T) {
	var p *peer
	s, p := connect(t, answers{"initialize": handshake("2025-06-18"), "tools/call": func(ctx context.Context, _ object) (any, error) {
		var answer anything
		question, err := parse(`{"message":"?","requestedSchema":{"type":"object","properties":{"a":{"type":"string","default":"x"},"b":{"type":"integer","default":7}}}}`)
		if err != nil {
			return nil, err
		}
		if err := p.conn.Call(ctx, "elicitation/create", question, &answer); err != nil {
			return nil, err
		}
		return map[string]any{"content": []any{}, "structuredContent": answer.raw}, nil
	}}, client.Options{Elicit: func(_ context.Context, q mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
		r := mcptypes.ElicitResult{Action: mcptypes.ElicitActionAccept}
		return r, r.Content.SetValue("a", "mine")
	}})
	result, err := s.CallTool(t.Context(), "ask", nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"action":"accept","content":{"a":"mine","b":7}}`, result.StructuredContent.String(), "what is left out has the schema's default")
}

func TestCancelledCallIsTold(t *testing.T) {
	started := make(chan struct{})
	s, p := connect(t, answers{"initialize": handshake("2025-06-18"), "tools/call": func(ctx context.Context, _ object) (any, error) {
		close(started)
		<-ctx.Done()
		return nil, ctx.Err()
	}}, client.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	_, err := s.CallTool(ctx, "slow", nil)
	require.ErrorIs(t, err, context.Canceled)
	require.NotEmpty(t, p.next(t, "notifications/cancelled")["requestId"])
}

func TestCallTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, err := tryConnect(t, answers{"initialize": handshake("2025-06-18"), "ping": func(ctx context.Context, _ object) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, client.Options{CallTimeout: time.Minute})
		require.NoError(t, err)
		err = s.Ping(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "ping: no answer within 1m0s")
		require.NoError(t, s.Close(t.Context()))
	})
}

func TestServerThatHangsUpEndsCalls(t *testing.T) {
	var p *peer
	s, p := connect(t, answers{"initialize": handshake("2025-06-18"), "tools/call": func(context.Context, object) (any, error) {
		go func() { _ = p.conn.Close(context.WithoutCancel(t.Context())) }()
		return nil, errors.New("late")
	}}, client.Options{})
	_, err := s.CallTool(t.Context(), "x", nil)
	require.Error(t, err)
	<-s.Done()
	require.Error(t, s.Ping(t.Context()))
}

func TestCloseTwice(t *testing.T) {
	s, _ := connect(t, answers{"initialize": handshake("2025-06-18")}, client.Options{})
	require.NoError(t, s.Close(context.Background()))
	require.NoError(t, s.Close(context.Background()))
	require.ErrorIs(t, s.Err(), jsonrpc.ErrClosed)
}
