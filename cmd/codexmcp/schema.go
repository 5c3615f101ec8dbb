package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/mcpprotocol/bindings"
)

// languages are what the protocol's types can be written in.
var languages = map[string]fs.FS{
	"typescript":  bindings.TypeScript,
	"json-schema": bindings.JSONSchema,
}

// schemaCommand is the group of commands about the protocol's schema.
func schemaCommand() *cobra.Command {
	cmd := group("schema", "The Codex protocol for programs in other languages",
		"schema writes down the Codex protocol for programs in other languages.")
	cmd.AddCommand(schemaTypesCommand())
	return cmd
}

func schemaTypesCommand() *cobra.Command {
	var lang, out string
	cmd := &cobra.Command{
		Use:   "types --lang typescript|json-schema -o DIR",
		Short: "Write the types of the Codex protocol",
		Long: `types writes the Codex protocol, as this program speaks it, into a folder:

  typescript   declarations; import everything from index.ts
  json-schema  codex.schema.json, in dialect 2020-12, which refers to nothing else

The folder is made if it is not there. Files of the same names are overwritten.`,
		Example: `  codexmcp schema types --lang typescript -o src/codex
  codexmcp schema types --lang json-schema -o .`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			files, known := languages[lang]
			switch {
			case !known:
				return errMisuse{fmt.Errorf("schema types: --lang %q: want typescript or json-schema", lang)}
			case out == "":
				return errMisuse{errors.New("schema types: -o DIR is missing")}
			}
			return writeTypes(files, out)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "language: typescript or json-schema")
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder to write to")
	return cmd
}

// writeTypes copies embedded files into a folder.
func writeTypes(files fs.FS, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("write types: %w", err)
	}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return fmt.Errorf("write types: %w", err)
	}
	for _, entry := range entries {
		data, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return fmt.Errorf("write types: %w", err)
		}
		if err := os.WriteFile(filepath.Join(out, entry.Name()), data, 0o644); err != nil {
			return fmt.Errorf("write types: %w", err)
		}
	}
	return nil
}
