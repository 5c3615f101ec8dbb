package tap

import (
	"fmt"
	"strings"

	"github.com/codexmcp/codexmcp/wire"
)

// A need is the capability that a message takes.
type need struct {
	of   Side     // who must have declared it
	path []string // of members; the last is true or an object
}

// needs are the capabilities that messages take, by method.
var needs = map[string]need{
	"tools/list":                           {Server, []string{"tools"}},
	"tools/call":                           {Server, []string{"tools"}},
	"resources/list":                       {Server, []string{"resources"}},
	"resources/templates/list":             {Server, []string{"resources"}},
	"resources/read":                       {Server, []string{"resources"}},
	"resources/subscribe":                  {Server, []string{"resources", "subscribe"}},
	"resources/unsubscribe":                {Server, []string{"resources", "subscribe"}},
	"prompts/list":                         {Server, []string{"prompts"}},
	"prompts/get":                          {Server, []string{"prompts"}},
	"logging/setLevel":                     {Server, []string{"logging"}},
	"completion/complete":                  {Server, []string{"completions"}},
	"notifications/message":                {Server, []string{"logging"}},
	"notifications/tools/list_changed":     {Server, []string{"tools", "listChanged"}},
	"notifications/prompts/list_changed":   {Server, []string{"prompts", "listChanged"}},
	"notifications/resources/list_changed": {Server, []string{"resources", "listChanged"}},
	"notifications/resources/updated":      {Server, []string{"resources", "subscribe"}},
	"sampling/createMessage":               {Client, []string{"sampling"}},
	"elicitation/create":                   {Client, []string{"elicitation"}},
	"roots/list":                           {Client, []string{"roots"}},
	"notifications/roots/list_changed":     {Client, []string{"roots", "listChanged"}},
}

// undeclared says which capability a message takes that its side has not
// declared; empty if there is none. What a side declared is not always known.
func (c *Checker) undeclared(n *Note) string {
	need, ok := needs[n.Method]
	declared := c.declared[need.of]
	if !ok || declared.IsZero() || n.Method == "completion/complete" && c.revision == "2024-11-05" {
		return "" // the oldest revision had no capability for it
	}
	value, ok := declared.Get(need.path[0])
	for _, name := range need.path[1:] {
		value = rawAt(value, name)
		ok = value.Kind() == wire.KindObject || value.String() == "true"
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("%s: the %s did not declare the capability %s", n.Method, need.of, strings.Join(need.path, "."))
}
