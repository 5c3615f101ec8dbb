// Package telemetry gives MCP servers and clients OpenTelemetry traces and metrics.
//
//	t, err := telemetry.New(telemetry.Options{})
//	…
//	s := server.New(info, &server.Options{Incoming: []server.Middleware{t.Incoming()}, Outgoing: []server.Middleware{t.Outgoing()}})
//	c, err := client.Connect(ctx, transport, client.Options{Incoming: …, Outgoing: …})
//
// Every request has a span at who sends it and at who serves it, and is counted
// there in a histogram of durations, as the semantic conventions for MCP have it. The
// span of who serves is a child of the other: its context travels in _meta
// (traceparent, tracestate, baggage), with notifications too, which have no span.
// It stands beside what HTTP middleware does, and works over any transport.
//
// It is a module of its own, so that nobody has OpenTelemetry among their
// dependencies who does not want it.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/semconv/v1.41.0/mcpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// scope is the name under which spans and metrics are made.
const scope = "github.com/codexmcp/codexmcp/telemetry"

// Options say where spans and metrics go. The zero value means the global ones.
type Options struct {
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Propagator puts the context into messages; trace context and baggage when nil.
	Propagator propagation.TextMapPropagator
}

// Telemetry makes the middleware.
type Telemetry struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	served     mcpconv.ServerOperationDuration
	sent       mcpconv.ClientOperationDuration
}

// New returns what makes the middleware.
func New(o Options) (*Telemetry, error) {
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	if o.Propagator == nil {
		o.Propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	}
	t := &Telemetry{tracer: o.TracerProvider.Tracer(scope), propagator: o.Propagator}
	meter := o.MeterProvider.Meter(scope)
	var err error
	if t.served, err = mcpconv.NewServerOperationDuration(meter); err == nil {
		t.sent, err = mcpconv.NewClientOperationDuration(meter)
	}
	if err != nil {
		return nil, fmt.Errorf("make instruments: %w", err)
	}
	return t, nil
}

// Incoming is the middleware of requests that come in.
func (t *Telemetry) Incoming() jsonrpc.Middleware {
	return func(next jsonrpc.CallFunc) jsonrpc.CallFunc {
		return func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
			ctx = t.propagator.Extract(ctx, metaOf(params))
			return t.measure(ctx, trace.SpanKindServer, method, params, next)
		}
	}
}

// Outgoing is the middleware of requests and notifications that are sent.
func (t *Telemetry) Outgoing() jsonrpc.Middleware {
	return func(next jsonrpc.CallFunc) jsonrpc.CallFunc {
		send := func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
			if own, meta := withMeta(params); own != nil {
				t.propagator.Inject(ctx, meta)
				if meta.set() {
					params = own
				}
			}
			return next(ctx, method, params)
		}
		return func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
			if strings.HasPrefix(method, "notifications/") {
				return send(ctx, method, params)
			}
			return t.measure(ctx, trace.SpanKindClient, method, params, send)
		}
	}
}

// measure makes a call in a span of its own, and counts it.
func (t *Telemetry) measure(ctx context.Context, kind trace.SpanKind, method string, params wire.Value, next jsonrpc.CallFunc) (result wire.Value, err error) {
	name, attributes := describe(method, params)
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	began := time.Now()
	ended := false
	defer func() {
		if !ended {
			err = errors.New("the handler panicked")
		}
		failure := failureOf(result, err)
		attributes = append(attributes, failure...)
		if session := server.SessionFrom(ctx); session != nil && session.Revision() != "" {
			attributes = append(attributes, attribute.String("mcp.protocol.version", session.Revision()))
			if id := session.ID(); id != "" {
				span.SetAttributes(attribute.String("mcp.session.id", id))
			}
		}
		span.SetAttributes(attributes...)
		if span.IsRecording() {
			if id := jsonrpc.RequestID(ctx); kind == trace.SpanKindServer && !id.IsZero() {
				span.SetAttributes(attribute.String("jsonrpc.request.id", id.String()))
			}
			if uri := resourceOf(params); uri != "" {
				span.SetAttributes(attribute.String("mcp.resource.uri", uri))
			}
			if err != nil {
				span.RecordError(err)
				span.SetStatus(codes.Error, err.Error())
			} else if failure != nil {
				span.SetStatus(codes.Error, "the tool failed")
			}
		}
		span.End()
		set := attribute.NewSet(known(attributes, err)...)
		seconds := time.Since(began).Seconds()
		if kind == trace.SpanKindServer {
			t.served.RecordSet(ctx, seconds, set)
		} else {
			t.sent.RecordSet(ctx, seconds, set)
		}
	}()
	result, err = next(ctx, method, params)
	ended = true
	return result, err
}

// known leaves out the names of what there is not, of which others can think of
// any number: metrics keep every one.
func known(attributes []attribute.KeyValue, err error) []attribute.KeyValue {
	if e, ok := errors.AsType[*jsonrpc.Error](err); !ok || e.Code != jsonrpc.CodeInvalidParams {
		return attributes
	}
	return slices.DeleteFunc(slices.Clone(attributes), func(kv attribute.KeyValue) bool {
		return kv.Key == toolName || kv.Key == promptName
	})
}

// Attributes with names that a client chooses.
const (
	toolName   = attribute.Key("gen_ai.tool.name")
	promptName = attribute.Key("gen_ai.prompt.name")
)

// describe returns the name of a request's span and what it says of the request.
func describe(method string, params wire.Value) (name string, attributes []attribute.KeyValue) {
	attributes = []attribute.KeyValue{attribute.String("mcp.method.name", method)}
	switch p := params.(type) {
	case *mcptypes.CallToolParams:
		return method + " " + short(p.Name), append(attributes,
			toolName.String(short(p.Name)), attribute.String("gen_ai.operation.name", "execute_tool"))
	case *mcptypes.GetPromptParams:
		return method + " " + short(p.Name), append(attributes, promptName.String(short(p.Name)))
	}
	return method, attributes
}

// maxName is how much of a name is kept.
const maxName = 128

func short(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "")
}

// resourceOf returns the resource that a request is about.
func resourceOf(params wire.Value) string {
	switch p := params.(type) {
	case *mcptypes.ReadResourceParams:
		return p.URI
	case *mcptypes.SubscribeParams:
		return p.URI
	case *mcptypes.UnsubscribeParams:
		return p.URI
	}
	return ""
}

// failureOf says how a request failed; nil if it did not.
func failureOf(result wire.Value, err error) []attribute.KeyValue {
	if err == nil {
		if r, ok := result.(*mcptypes.CallToolResult); ok && r != nil && r.IsError != nil && *r.IsError {
			return []attribute.KeyValue{attribute.String("error.type", "tool_error")}
		}
		return nil
	}
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		code := strconv.FormatInt(e.Code, 10)
		return []attribute.KeyValue{attribute.String("error.type", code), attribute.String("rpc.response.status_code", code)}
	}
	kind := "_OTHER"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		kind = "timeout"
	case errors.Is(err, context.Canceled), errors.Is(err, jsonrpc.ErrCancelled):
		kind = "cancelled"
	}
	return []attribute.KeyValue{attribute.String("error.type", kind)}
}
