package codex

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

// The schemas that the model gets are schemas of objects, with nothing that is
// required and not there.
func TestToolSchemas(t *testing.T) {
	for name, raw := range map[string]wire.Raw{
		"shell": shellSchema, "escalating shell": escalatingShellSchema, "plan": planSchema, "patch": patchSchema, "image": imageSchema,
	} {
		t.Run(name, func(t *testing.T) {
			var schema struct {
				Type       string
				Properties map[string]struct{ Type string }
				Required   []string
			}
			require.NoError(t, json.Unmarshal(raw.Bytes(), &schema))
			require.Equal(t, "object", schema.Type)
			require.NotEmpty(t, schema.Required)
			for _, required := range schema.Required {
				require.NotEmpty(t, schema.Properties[required].Type)
			}
		})
	}
}
