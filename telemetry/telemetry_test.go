package telemetry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/telemetry"
	"github.com/codexmcp/codexmcp/wire"
)

// A side is a server or a client with what its telemetry exports.
type side struct {
	*telemetry.Telemetry
	spans   *tracetest.InMemoryExporter
	metrics *sdkmetric.ManualReader
	tracer  trace.Tracer
}

func newSide(t *testing.T) *side {
	s := &side{spans: tracetest.NewInMemoryExporter(), metrics: sdkmetric.NewManualReader()}
	traces := sdktrace.NewTracerProvider(sdktrace.WithSyncer(s.spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(s.metrics))
	t.Cleanup(func() {
		require.NoError(t, traces.Shutdown(context.Background()))
		require.NoError(t, meters.Shutdown(context.Background()))
	})
	var err error
	s.Telemetry, err = telemetry.New(telemetry.Options{TracerProvider: traces, MeterProvider: meters})
	require.NoError(t, err)
	s.tracer = traces.Tracer("test")
	return s
}

// span returns the one span of a name.
func (s *side) span(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	var found []tracetest.SpanStub
	for _, span := range s.spans.GetSpans() {
		if span.Name == name {
			found = append(found, span)
		}
	}
	require.Len(t, found, 1, name)
	return found[0]
}

// count returns how often requests with some attributes were measured.
func (s *side) count(t *testing.T, instrument string, with ...attribute.KeyValue) (count uint64) {
	t.Helper()
	var data metricdata.ResourceMetrics
	require.NoError(t, s.metrics.Collect(t.Context(), &data))
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			histogram, ok := m.Data.(metricdata.Histogram[float64])
			if m.Name != instrument || !ok {
				continue
			}
		points:
			for _, p := range histogram.DataPoints {
				for _, kv := range with {
					if v, ok := p.Attributes.Value(kv.Key); !ok || v != kv.Value {
						continue points
					}
				}
				count += p.Count
			}
		}
	}
	return count
}

// TestBothDirections calls a tool that asks back, in every kind of session.
func TestBothDirections(t *testing.T) {
	for _, revision := range []string{"2025-06-18", "2025-11-25"} {
		t.Run(revision, func(t *testing.T) {
			serving, calling := newSide(t), newSide(t)
			told := ""
			s := server.New(mcptypes.Implementation{Name: "s", Version: "1"}, &server.Options{
				Incoming: []server.Middleware{serving.Incoming()}, Outgoing: []server.Middleware{serving.Outgoing()},
			})
			require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "ask"}, func(ctx context.Context, _ struct{}) (string, error) {
				told = baggage.FromContext(ctx).Member("tenant").Value()
				_, err := server.Roots(ctx)
				return "asked", err
			}))
			require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "fail"}, func(context.Context, struct{}) (string, error) {
				return "", errors.New("it went wrong")
			}))
			c := connect(t, s, client.Options{
				Revisions: []string{revision}, Incoming: []jsonrpc.Middleware{calling.Incoming()}, Outgoing: []jsonrpc.Middleware{calling.Outgoing()},
				Roots: func(context.Context) ([]mcptypes.Root, error) { return nil, nil },
			})
			ctx, root := calling.tracer.Start(t.Context(), "work")
			tenant, err := baggage.NewMember("tenant", "blue")
			require.NoError(t, err)
			bag, err := baggage.New(tenant)
			require.NoError(t, err)
			ctx = baggage.ContextWithBaggage(ctx, bag)
			meta := &mcptypes.RequestMeta{}
			_, err = client.Call(ctx, c, mcptypes.CallTool, mcptypes.CallToolParams{Name: "ask", Meta: meta})
			require.NoError(t, err)
			require.Zero(t, meta.Extra.Len(), "the caller's params are not touched")
			require.Equal(t, "blue", told)
			root.End()

			// One trace goes there and back: work > tools/call > tools/call > roots/list > roots/list.
			sent, served := calling.span(t, "work"), serving.span(t, "tools/call ask")
			parent := sent
			for _, step := range []struct {
				of   *side
				name string
				kind trace.SpanKind
			}{
				{calling, "tools/call ask", trace.SpanKindClient}, {serving, "tools/call ask", trace.SpanKindServer},
				{serving, "roots/list", trace.SpanKindClient}, {calling, "roots/list", trace.SpanKindServer},
			} {
				span := step.of.span(t, step.name)
				require.Equal(t, step.kind, span.SpanKind, step.name)
				require.Equal(t, sent.SpanContext.TraceID(), span.SpanContext.TraceID(), step.name)
				require.Equal(t, parent.SpanContext.SpanID(), span.Parent.SpanID(), step.name)
				parent = span
			}
			require.Contains(t, served.Attributes, attribute.String("mcp.method.name", "tools/call"))
			require.Contains(t, served.Attributes, attribute.String("gen_ai.tool.name", "ask"))
			require.Contains(t, served.Attributes, attribute.String("mcp.protocol.version", revision))
			require.Equal(t, codes.Unset, served.Status.Code)

			_, err = client.Call(ctx, c, mcptypes.CallTool, mcptypes.CallToolParams{Name: "fail"})
			require.NoError(t, err)
			_, err = client.Call(ctx, c, mcptypes.ReadResource, mcptypes.ReadResourceParams{URI: "file:///none"})
			require.Error(t, err)
			for _, of := range []*side{serving, calling} {
				failed := of.span(t, "tools/call fail")
				require.Equal(t, codes.Error, failed.Status.Code)
				require.Contains(t, failed.Attributes, attribute.String("error.type", "tool_error"))
				refused := of.span(t, "resources/read")
				require.Contains(t, refused.Attributes, attribute.String("error.type", "-32002"))
				require.Contains(t, refused.Attributes, attribute.String("mcp.resource.uri", "file:///none"))
			}
			for _, with := range [][]attribute.KeyValue{
				{attribute.String("gen_ai.tool.name", "ask")}, {attribute.String("error.type", "tool_error")}, {attribute.String("error.type", "-32002")},
				{attribute.String("mcp.method.name", "initialize")},
			} {
				require.EqualValues(t, 1, serving.count(t, "mcp.server.operation.duration", with...))
				require.EqualValues(t, 1, calling.count(t, "mcp.client.operation.duration", with...))
			}
			method := attribute.String("mcp.method.name", "roots/list")
			require.EqualValues(t, 1, serving.count(t, "mcp.client.operation.duration", method))
			require.EqualValues(t, 1, calling.count(t, "mcp.server.operation.duration", method))
		})
	}
}

// TestStateless calls a tool without a session.
func TestStateless(t *testing.T) {
	serving, calling := newSide(t), newSide(t)
	s := server.New(mcptypes.Implementation{Name: "s", Version: "1"}, &server.Options{Incoming: []server.Middleware{serving.Incoming()}})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "work"}, func(context.Context, struct{}) (string, error) { return "done", nil }))
	c := connect(t, s, client.Options{Revisions: []string{client.Stateless}, Outgoing: []jsonrpc.Middleware{calling.Outgoing()}})
	_, err := client.Call(t.Context(), c, mcptypes.CallTool, mcptypes.CallToolParams{Name: "work"})
	require.NoError(t, err)
	require.Equal(t, calling.span(t, "tools/call work").SpanContext.SpanID(), serving.span(t, "tools/call work").Parent.SpanID())
	require.Contains(t, serving.span(t, "tools/call work").Attributes, attribute.String("mcp.protocol.version", client.Stateless))
}

// TestUnknownNamesAreNotCounted asks for what there is not: metrics must not grow with it.
func TestUnknownNamesAreNotCounted(t *testing.T) {
	side := newSide(t)
	s := server.New(mcptypes.Implementation{Name: "s", Version: "1"}, &server.Options{Incoming: []server.Middleware{side.Incoming()}})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "work"}, func(context.Context, struct{}) (string, error) { return "done", nil }))
	c := connect(t, s, client.Options{Revisions: []string{"2025-06-18"}})
	for _, name := range []string{"a", "b", "c"} {
		_, err := client.Call(t.Context(), c, mcptypes.CallTool, mcptypes.CallToolParams{Name: name})
		require.Error(t, err)
		require.Zero(t, side.count(t, "mcp.server.operation.duration", attribute.String("gen_ai.tool.name", name)))
	}
	require.EqualValues(t, 3, side.count(t, "mcp.server.operation.duration", attribute.String("error.type", "-32602")))
}

// TestNotificationsCarryTheContext looks at what is in a message.
func TestNotificationsCarryTheContext(t *testing.T) {
	side := newSide(t)
	seen := make(chan wire.Members, 1)
	s := server.New(mcptypes.Implementation{Name: "s", Version: "1"}, nil)
	server.HandleNotification(s, mcptypes.RootsListChanged, func(_ context.Context, p mcptypes.RootsListChangedParams) { seen <- p.Meta })
	c := connect(t, s, client.Options{Revisions: []string{"2025-06-18"}, Outgoing: []jsonrpc.Middleware{side.Outgoing()}})
	ctx, span := side.tracer.Start(t.Context(), "work")
	require.NoError(t, client.Notify(ctx, c, mcptypes.RootsListChanged, mcptypes.RootsListChangedParams{}))
	span.End()
	raw, ok := (<-seen).Get("traceparent")
	require.True(t, ok)
	require.Contains(t, raw.String(), span.SpanContext().TraceID().String())
}

// TestStrangersCannotBreakIt sends metadata that is no context.
func TestStrangersCannotBreakIt(t *testing.T) {
	side := newSide(t)
	s := server.New(mcptypes.Implementation{Name: "s", Version: "1"}, &server.Options{Incoming: []server.Middleware{side.Incoming()}})
	c := connect(t, s, client.Options{Revisions: []string{"2025-06-18"}})
	for _, text := range []string{`7`, `"x"`, `{"a":1}`, `"00-zz-yy-01"`, `null`} {
		value, err := wire.ParseRaw([]byte(text))
		require.NoError(t, err)
		meta := &mcptypes.RequestMeta{Extra: wire.MembersOf(wire.Member{Name: "traceparent", Value: value}, wire.Member{Name: "baggage", Value: value})}
		_, err = client.Call(t.Context(), c, mcptypes.Ping, mcptypes.PingParams{Meta: meta})
		require.NoError(t, err)
	}
	for _, span := range side.spans.GetSpans() {
		require.False(t, span.Parent.IsValid())
	}
}

func connect(t *testing.T, s *server.Server, o client.Options) *client.Session {
	near, far := jsonrpc.Pipe()
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), far) }()
	o.Info = mcptypes.Implementation{Name: "c", Version: "1"}
	c, err := client.Connect(t.Context(), near, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Close(context.Background()))
		require.NoError(t, <-served)
	})
	return c
}
