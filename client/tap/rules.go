package tap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20241105"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20250326"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/schema"
	"github.com/codexmcp/codexmcp/wire"
)

// maxFaults is how many faults of one message are told.
const maxFaults = 10

// known is a revision that there is, or else nothing.
func known(revision string) string {
	if _, err := schema.Files.Open("mcp/" + revision + ".json"); err != nil {
		return ""
	}
	return revision
}

// methods are those that each side may send.
type methods map[Side][]string

func (m methods) may(from Side, method string) bool { return slices.Contains(m[from], method) }

// allMethods are the methods of every revision.
var allMethods = map[string]methods{
	"2024-11-05": {
		Client: slices.Concat(mcp20241105.ClientRequests, mcp20241105.ClientNotifications),
		Server: slices.Concat(mcp20241105.ServerRequests, mcp20241105.ServerNotifications),
	},
	"2025-03-26": {
		Client: slices.Concat(mcp20250326.ClientRequests, mcp20250326.ClientNotifications),
		Server: slices.Concat(mcp20250326.ServerRequests, mcp20250326.ServerNotifications),
	},
	"2025-06-18": {
		Client: slices.Concat(mcptypes.ClientRequests, mcptypes.ClientNotifications),
		Server: slices.Concat(mcptypes.ServerRequests, mcptypes.ServerNotifications),
	},
	"2025-11-25": {
		Client: slices.Concat(mcp20251125.ClientRequests, mcp20251125.ClientNotifications),
		Server: slices.Concat(mcp20251125.ServerRequests, mcp20251125.ServerNotifications),
	},
	"2026-07-28": {
		Client: slices.Concat(mcp20260728.ClientRequests, mcp20260728.ClientNotifications),
		Server: mcp20260728.ServerNotifications,
	},
}

// rules are the types of one revision.
type rules struct {
	revision string
	compiler *jsonschema.Compiler
	methods  methods
	messages map[string]string // the names of types, by method
	types    map[string]bool   // all names

	mu       sync.Mutex // protects what follows
	compiled map[string]*jsonschema.Schema
}

var allRules = struct {
	mu    sync.Mutex
	by    map[string]*rules
	empty *rules
}{by: map[string]*rules{}, empty: &rules{}}

// rulesOf are the rules of a revision; before one is agreed on, of the one that
// most have.
func rulesOf(revision string) *rules {
	if revision == "" {
		revision = mcptypes.LatestRevision
	}
	allRules.mu.Lock()
	defer allRules.mu.Unlock()
	if r := allRules.by[revision]; r != nil {
		return r
	}
	r, err := loadRules(revision)
	if err != nil {
		r = allRules.empty // a test loads all of them
	}
	allRules.by[revision] = r
	return r
}

func loadRules(revision string) (*rules, error) {
	text, err := schema.Files.ReadFile("mcp/" + revision + ".json")
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", revision, err)
	}
	r := &rules{revision: revision, compiler: jsonschema.NewCompiler(), methods: allMethods[revision], messages: map[string]string{}, types: map[string]bool{}, compiled: map[string]*jsonschema.Schema{}}
	if err := r.compiler.AddResource("mcp.json", doc); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", revision, err)
	}
	raw, err := wire.ParseRaw(text)
	if err != nil {
		return nil, err
	}
	var defs wire.Members
	if err := rawAt(raw, "$defs").Decode(&defs); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", revision, err)
	}
	for name, def := range defs.All() {
		r.types[name] = true
		if method := textAt(def, "properties", "method", "const"); method != "" && name != "ClientNotification" {
			r.messages[method] = name
		}
	}
	return r, nil
}

// message validates a request or notification.
func (r *rules) message(from Side, method, kind string, raw wire.Raw, faults []string) (string, []string) {
	name := r.messages[method]
	switch {
	case name == "":
		return "", append(faults, fmt.Sprintf("method: revision %s has no %q", r.revision, method))
	case strings.HasSuffix(name, "Notification") && kind == "request":
		return name, append(faults, fmt.Sprintf("id: %s is a notification, which has none", method))
	case strings.HasSuffix(name, "Request") && kind == "notification":
		return name, append(faults, fmt.Sprintf("id: missing, and %s is a request", method))
	case !r.methods.may(from, method):
		faults = append(faults, fmt.Sprintf("method: a %s does not send %s in revision %s", from, method, r.revision))
	}
	return name, r.validate(name, raw, "", faults)
}

// result validates what answers a request.
func (r *rules) result(method string, raw wire.Raw, faults []string) (string, []string) {
	name, ok := strings.CutSuffix(r.messages[method], "Request")
	if !ok {
		return "", faults
	}
	if name += "Result"; !r.types[name] {
		name = "EmptyResult"
	}
	if r.types["InputRequiredResult"] && textAt(raw, "resultType") == "input_required" {
		name = "InputRequiredResult"
	}
	return name, r.validate(name, raw, "result", faults)
}

// validate adds what is wrong with a value of a type.
func (r *rules) validate(name string, raw wire.Raw, at string, faults []string) []string {
	s, err := r.compile(name)
	if err != nil {
		return append(faults, err.Error())
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(raw.String()))
	if err != nil {
		return append(faults, err.Error())
	}
	failed, ok := errors.AsType[*jsonschema.ValidationError](s.Validate(value))
	if !ok {
		return faults
	}
	var found []string
	tell(failed, at, &found)
	for _, fault := range found {
		if len(faults) < maxFaults && !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	return faults
}

func (r *rules) compile(name string) (*jsonschema.Schema, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.compiled[name]; s != nil {
		return s, nil
	}
	s, err := r.compiler.Compile("mcp.json#/$defs/" + name)
	if err == nil {
		r.compiled[name] = s
	}
	return s, err
}

var printer = message.NewPrinter(language.English)

// tell says what is wrong, member by member. Of the alternatives of a union it
// is the one that came nearest: whose fault lies deepest.
func tell(e *jsonschema.ValidationError, at string, to *[]string) {
	if len(e.Causes) == 0 {
		place := at + pathOf(e.InstanceLocation)
		switch k := e.ErrorKind.(type) {
		case *kind.Required:
			for _, name := range k.Missing {
				*to = append(*to, join(place, name)+": missing")
			}
		case *kind.Type:
			*to = append(*to, fmt.Sprintf("%s: want %s, got %s", trim(place), strings.Join(k.Want, " or "), k.Got))
		case *kind.Const:
			*to = append(*to, fmt.Sprintf("%s: want %v, got %v", trim(place), quoted(k.Want), quoted(k.Got)))
		default:
			*to = append(*to, trim(place)+": "+e.ErrorKind.LocalizedString(printer))
		}
		return
	}
	causes := e.Causes
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		causes = []*jsonschema.ValidationError{slices.MaxFunc(causes, func(a, b *jsonschema.ValidationError) int { return nearness(a) - nearness(b) })}
	}
	for _, cause := range causes {
		tell(cause, at, to)
	}
}

// nearness grows with the depth of the faults. A wrong discriminator says that
// another alternative was meant.
func nearness(e *jsonschema.ValidationError) int {
	if len(e.Causes) == 0 {
		n := 10 * len(e.InstanceLocation)
		switch e.ErrorKind.(type) {
		case *kind.Const:
			n -= 1000
		case *kind.Type:
			n -= 5
		}
		return n
	}
	near := nearness(e.Causes[0])
	for _, cause := range e.Causes[1:] {
		if n := nearness(cause); n < 0 || near < 0 {
			near = min(near, n)
		} else {
			near = max(near, n)
		}
	}
	return near
}

// pathOf is a place in a message: params.content[0].text.
func pathOf(location []string) string {
	var b strings.Builder
	for _, step := range location {
		if _, err := strconv.Atoi(step); err == nil {
			b.WriteString("[" + step + "]")
		} else {
			b.WriteString("." + step)
		}
	}
	return b.String()
}

func trim(place string) string {
	if place = strings.TrimPrefix(place, "."); place == "" {
		return "message"
	}
	return place
}

func join(place, name string) string { return trim(place + "." + name) }

func quoted(v any) any {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return v
}
