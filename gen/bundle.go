package gen

// An Output is a file, or a folder of files, made from a package's schema for
// those who don't write Go.
type Output struct {
	// Lang is what to make: typescript, json-schema or markdown.
	Lang string `json:"lang"`
	// Path is where to, from the module's root: a folder for typescript, else a file.
	Path string `json:"path"`
	// Aliases are further names, in TypeScript, of types by these names.
	Aliases map[string]string `json:"aliases,omitempty"`
}
