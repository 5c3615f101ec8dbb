package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/gen"
)

const (
	pinsFile     = "schema/pins.json"
	maxPublished = 16 << 20 // bytes of a published schema
	fetchTimeout = 30 * time.Second
)

// A pin records where a revision's schema came from and what it became.
type pin struct {
	// Repository, Commit and Path name the published file.
	Repository string `json:"repository,omitempty"`
	Commit     string `json:"commit,omitempty"`
	Path       string `json:"path,omitempty"`
	// SHA256 and Size are those of the published bytes.
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	// PinSHA256 is the hash of the pinned form.
	PinSHA256 string `json:"pinSha256"`
}

func pinCommand() *cobra.Command {
	var origin pin
	cmd := &cobra.Command{
		Use:   "pin REVISION FILE|URL",
		Short: "Make or move a pin from a published schema",
		Long: `pin reads a published schema, keeps its wire structure as
schema/mcp/REVISION.json and records in schema/pins.json where it came from and
the hashes of both forms. The pinned form has no descriptions, titles or examples,
its keys are sorted, and older dialects are brought to one, so that a review of a
changed pin shows what changes on the wire and nothing else.

Run "schema generate" afterwards, or use "schema upgrade", which does both and
reports what changed.`,
		Example: `  from a file, and where it came from
    go run ./tools/schema pin 2025-06-18 schema.json --commit 2ebb806
  from the network, the only time this program uses it
    go run ./tools/schema pin 2025-06-18 https://example.com/schema.json --commit 2ebb806`,
		Args: misuse(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := openProject()
			if err != nil {
				return err
			}
			return p.pin(cmd.Context(), args[0], args[1], origin)
		},
	}
	originFlags(cmd, &origin)
	return cmd
}

// originFlags are the flags that say where a published schema lies.
func originFlags(cmd *cobra.Command, origin *pin) {
	cmd.Flags().StringVar(&origin.Repository, "repository", "", "repository that publishes the schema")
	cmd.Flags().StringVar(&origin.Commit, "commit", "", "commit of the published file")
	cmd.Flags().StringVar(&origin.Path, "path", "", "path of the file in its repository")
}

func verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify REVISION FILE|URL",
		Short: "Prove that a pin is what the published bytes give",
		Long: `verify makes the pinned form again from the published bytes and compares it,
byte for byte, with the pin; it also compares the hash of the published bytes
with the recorded one. It changes nothing and fails if either differs.

"schema check" needs no published bytes: it only compares each pin with the hash
recorded when it was made.`,
		Example: "  go run ./tools/schema verify 2025-06-18 schema.json",
		Args:    misuse(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := openProject()
			if err != nil {
				return err
			}
			if err := p.verify(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: the pin is what %s gives\n", args[0], args[1])
			return err
		},
	}
}

func pinPath(revision string) string { return "schema/mcp/" + revision + ".json" }

// pin makes or moves one pin.
func (p *project) pin(ctx context.Context, revision, from string, origin pin) error {
	files, err := p.pinned(ctx, revision, from, origin)
	if err != nil {
		return fmt.Errorf("pin %s: %w", revision, err)
	}
	for name, data := range files {
		if err := writeFile(p.path(name), data); err != nil {
			return err
		}
	}
	return nil
}

// pinned returns what a pin is made of, by path: its form and the record of all pins.
func (p *project) pinned(ctx context.Context, revision, from string, origin pin) (map[string][]byte, error) {
	if strings.ContainsAny(revision, `/\`) || strings.Trim(revision, ".") == "" {
		return nil, fmt.Errorf("revision %q: want a name such as 2025-06-18", revision)
	}
	published, err := fetch(ctx, from)
	if err != nil {
		return nil, err
	}
	form, err := gen.Normalize(published)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	pins, err := p.pins()
	if err != nil {
		return nil, err
	}
	if old := pins[revision]; old != nil {
		if origin.Repository == "" {
			origin.Repository = old.Repository
		}
		if origin.Path == "" {
			origin.Path = old.Path
		}
		if origin.Commit == "" && old.SHA256 == hash(published) {
			origin.Commit = old.Commit
		}
	}
	origin.SHA256, origin.Size, origin.PinSHA256 = hash(published), len(published), hash(form)
	pins[revision] = &origin
	record, err := json.MarshalIndent(pins, "", "  ")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{pinPath(revision): form, pinsFile: append(record, '\n')}, nil
}

// verify proves one pin against the published bytes.
func (p *project) verify(ctx context.Context, revision, from string) error {
	pins, err := p.pins()
	if err != nil {
		return err
	}
	record := pins[revision]
	if record == nil {
		return fmt.Errorf("verify: revision %q is not pinned; pinned are %s", revision, strings.Join(slices.Sorted(maps.Keys(pins)), ", "))
	}
	published, err := fetch(ctx, from)
	if err != nil {
		return fmt.Errorf("verify %s: %w", revision, err)
	}
	form, err := gen.Normalize(published)
	if err != nil {
		return fmt.Errorf("verify %s: %s: %w", revision, from, err)
	}
	pinned, err := p.read(pinPath(revision))
	if err != nil {
		return fmt.Errorf("verify %s: %w", revision, err)
	}
	var errs []error
	if got := hash(published); got != record.SHA256 {
		errs = append(errs, fmt.Errorf("verify %s: %s has sha256 %s, %s records %s", revision, from, got, pinsFile, record.SHA256))
	}
	if !bytes.Equal(form, pinned) {
		errs = append(errs, fmt.Errorf("verify %s: %s is not what %s gives: run go run ./tools/schema pin %s %s", revision, pinPath(revision), from, revision, from))
	}
	return errors.Join(errs...)
}

// checkPins compares every pin with its recorded hash.
func (p *project) checkPins() error {
	pins, err := p.pins()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(p.path(pinPath("*")))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		revision := strings.TrimSuffix(filepath.Base(file), ".json")
		record := pins[revision]
		if record == nil {
			errs = append(errs, fmt.Errorf("%s: not recorded in %s: run go run ./tools/schema pin %s FILE", pinPath(revision), pinsFile, revision))
			continue
		}
		form, err := os.ReadFile(file)
		if err != nil {
			errs = append(errs, err)
		} else if hash(form) != record.PinSHA256 {
			errs = append(errs, fmt.Errorf("%s: changed by hand, its hash is not the one in %s: run go run ./tools/schema pin %s FILE", pinPath(revision), pinsFile, revision))
		}
	}
	for _, revision := range slices.Sorted(maps.Keys(pins)) {
		if !slices.Contains(files, p.path(pinPath(revision))) {
			errs = append(errs, fmt.Errorf("%s: recorded in %s, but missing", pinPath(revision), pinsFile))
		}
	}
	return errors.Join(errs...)
}

// pins reads the record of all pins.
func (p *project) pins() (map[string]*pin, error) {
	data, err := p.read(pinsFile)
	if errors.Is(err, os.ErrNotExist) {
		return map[string]*pin{}, nil
	}
	if err != nil {
		return nil, err
	}
	pins := map[string]*pin{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&pins); err != nil {
		return nil, fmt.Errorf("%s: %w", pinsFile, err)
	}
	return pins, nil
}

// fetch reads a file, or a URL if it is one.
func fetch(ctx context.Context, from string) ([]byte, error) {
	if !strings.HasPrefix(from, "http://") && !strings.HasPrefix(from, "https://") {
		return os.ReadFile(from)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %q: status %s", from, res.Status)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxPublished+1))
	if err != nil {
		return nil, fmt.Errorf("get %q: %w", from, err)
	}
	if len(data) > maxPublished {
		return nil, fmt.Errorf("get %q: more than %d bytes", from, maxPublished)
	}
	return data, nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
