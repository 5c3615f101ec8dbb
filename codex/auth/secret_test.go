package auth

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecretsDoNotShow(t *testing.T) {
	s := NewSecret("hush")
	type hidden struct{ inner Secret }
	type shown struct{ Inner Secret }
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+" "+verb+" "+verb+"\n", s, &s, hidden{s}, &hidden{s}, []shown{{s}})
	}
	fmt.Fprintln(&out, s, Credential{Token: s}, Snapshot{token: s}, fmt.Errorf("x: %v", s)) //nolint:errorlint // not an error
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "a", s, "b", hidden{s}, "c", &shown{s}, "d", Credential{Token: s})
	}
	for _, value := range []any{s, shown{s}, map[string]any{"x": s}, Status{Token: s}} {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		out.Write(text)
	}
	text, err := xml.Marshal(shown{s})
	require.NoError(t, err)
	out.Write(text)
	require.NotContains(t, out.String(), "hush")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "hush"))
	require.NotContains(t, out.String(), strings.Trim(fmt.Sprintf("%d", []byte("hush")), "[]"))
	require.Contains(t, out.String(), redacted)
}

func TestSecretEquality(t *testing.T) {
	require.True(t, NewSecret("a").Equal(NewSecret("a")))
	require.False(t, NewSecret("a").Equal(NewSecret("b")))
	require.False(t, NewSecret("").Equal(Secret{}), "absent is not empty")
	require.True(t, Secret{}.Equal(Secret{}))
	require.Empty(t, Secret{}.Reveal())
}
