package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// An interview puts what a server asks to the person at the terminal.
type interview struct {
	mu  sync.Mutex // held while a question is put
	in  *bufio.Reader
	out io.Writer
}

// elicit puts a question, field by field. An empty line leaves a field out; the end
// of the input cancels.
func (v *interview) elicit(_ context.Context, q mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sayf("The server asks: %s\n", safety.Visible(q.Message))
	result := mcptypes.ElicitResult{Action: mcptypes.ElicitActionAccept, Content: wire.MembersOf()}
	for _, name := range slices.Sorted(maps.Keys(q.RequestedSchema.Properties)) {
		required := slices.Contains(q.RequestedSchema.Required, name)
		err := v.field(name, q.RequestedSchema.Properties[name], required, &result.Content)
		if errors.Is(err, io.EOF) {
			return mcptypes.ElicitResult{Action: mcptypes.ElicitActionCancel}, nil
		}
		if err != nil {
			return result, err
		}
	}
	v.sayf("Send this? [Y/n] ")
	switch line, err := v.line(); {
	case errors.Is(err, io.EOF):
		return mcptypes.ElicitResult{Action: mcptypes.ElicitActionCancel}, nil
	case err != nil:
		return result, err
	case strings.HasPrefix(strings.ToLower(line), "n"):
		return mcptypes.ElicitResult{Action: mcptypes.ElicitActionDecline}, nil
	}
	return result, nil
}

// field asks for one field until the answer can be one.
func (v *interview) field(name string, kind mcptypes.PrimitiveSchemaDefinition, required bool, into *wire.Members) error {
	hint, text := "text", true
	switch k := kind.(type) {
	case *mcptypes.NumberSchema:
		hint, text = string(k.Type), false
	case *mcptypes.BooleanSchema:
		hint, text = "true or false", false
	case *mcptypes.EnumSchema:
		hint = strings.Join(k.Enum, ", ")
	}
	if required {
		hint += ", required"
	}
	for {
		v.sayf("  %s (%s): ", safety.Visible(name), safety.Visible(hint))
		line, err := v.line()
		switch {
		case err != nil:
			return err
		case line == "" && !required:
			return nil
		case line == "":
			continue
		case text:
			return into.SetValue(name, line)
		}
		if raw, err := wire.ParseRaw([]byte(line)); err == nil && (raw.Kind() == wire.KindNumber || raw.Kind() == wire.KindBool) {
			into.Set(name, raw)
			return nil
		}
	}
}

func (v *interview) line() (string, error) {
	line, err := v.in.ReadString('\n')
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

func (v *interview) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(v.out, format, args...)
}
