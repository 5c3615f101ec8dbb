// Command conformance-client is an MCP client that does what the scenarios of
// the official conformance suite ask of one:
//
//	npx @modelcontextprotocol/conformance client --command ./conformance-client --suite all
//
// The suite starts it with a server's URL as the last argument and says in the
// environment which scenario and revision it is about. Exit status 0 means that
// the client did what it was asked.
package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/client/oauth"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "conformance-client:", err)
		os.Exit(1)
	}
}

// hints are what the suite says beside the URL.
type hints struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	PrivateKey   string `json:"private_key_pem"`
	Algorithm    string `json:"signing_algorithm"`
	ToolCalls    []struct {
		Name      string   `json:"name"`
		Arguments wire.Raw `json:"arguments"`
	} `json:"toolCalls"`
}

func run(ctx context.Context, args []string, getenv func(string) string, errw io.Writer) error {
	if len(args) == 0 {
		return errors.New("the URL of a server is missing")
	}
	var given hints
	if text := getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			return fmt.Errorf("MCP_CONFORMANCE_CONTEXT: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 25*time.Second)
	defer cancel()
	scenario := getenv("MCP_CONFORMANCE_SCENARIO")
	session, err := connect(ctx, args[len(args)-1], getenv("MCP_CONFORMANCE_PROTOCOL_VERSION"), scenario, given, errw)
	if err != nil {
		return err
	}
	v := &visit{session: session, given: given}
	return errors.Join(v.do(ctx, scenario), session.Close(ctx))
}

// connect opens a session as a client with a user who agrees to everything.
func connect(ctx context.Context, url, revision, scenario string, given hints, errw io.Writer) (*client.Session, error) {
	key, err := given.key()
	if err != nil {
		return nil, err
	}
	auth := oauth.New(oauth.Config{
		Unattended: strings.HasPrefix(scenario, "auth/client-credentials"), Key: key, KeyAlgorithm: given.Algorithm,
		Resource: url, ClientID: given.ClientID, ClientSecret: given.ClientSecret,
		MetadataURL: "https://conformance-test.local/client-metadata.json",
		Name:        "conformance-client", RedirectURL: "http://127.0.0.1:3000/callback",
		Visit: oauth.Follow(nil), // where a person would be sent to a browser
	})
	o := client.Options{
		Info: mcptypes.Implementation{Name: "conformance-client", Version: "1.0.0"},
		Elicit: func(context.Context, mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			return mcptypes.ElicitResult{Action: mcptypes.ElicitActionAccept}, nil
		},
		Roots: func(context.Context) ([]mcptypes.Root, error) {
			return []mcptypes.Root{{URI: "file:///workspace", Name: "workspace"}}, nil
		},
		CreateMessage: func(context.Context, mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
			return mcptypes.CreateMessageResult{Model: "none", Role: mcptypes.RoleAssistant, Content: mcptypes.Text("Paris")}, nil
		},
		Log: slog.New(slog.NewTextHandler(errw, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if i := slices.Index(client.Revisions, revision); i >= 0 {
		o.Revisions = append([]string{revision}, slices.Delete(slices.Clone(client.Revisions), i, i+1)...)
	}
	return client.ConnectHTTP(ctx, client.HTTP{URL: url, Auth: auth}, o)
}

// key is the client's private key, nil if it has none.
func (h *hints) key() (crypto.Signer, error) {
	if h.PrivateKey == "" {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(h.PrivateKey))
	if block == nil {
		return nil, errors.New("private_key_pem is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("private_key_pem: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("private_key_pem: a %T cannot sign", key)
	}
	return signer, nil
}
