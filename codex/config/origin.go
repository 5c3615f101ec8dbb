package config

import "fmt"

// A Layer is a place that values come from, weakest first.
type Layer int

// The layers. A profile is no layer of its own: its values are in the file, an
// option or a call.
const (
	LayerDefault     Layer = iota // built in
	LayerEnvironment              // an environment variable
	LayerFile                     // config.toml
	LayerOption                   // -c of the program
	LayerCall                     // the config map of a call
	LayerArgument                 // a typed argument of a call
)

// An Origin says where a value was set.
type Origin struct {
	Layer Layer
	Path  string // LayerFile: the file
	Line  int    // LayerFile: the line, from 1
	Name  string // the variable, option key, map member or argument
}

// String returns the origin as a person would name it: path:line, -c KEY,
// config KEY, argument NAME, environment NAME, or default.
func (o Origin) String() string {
	switch o.Layer {
	case LayerEnvironment:
		return "environment " + o.Name
	case LayerFile:
		return fmt.Sprintf("%s:%d", o.Path, o.Line)
	case LayerOption:
		return "-c " + o.Name
	case LayerCall:
		return "config " + o.Name
	case LayerArgument:
		return "argument " + o.Name
	default:
		return "default"
	}
}

// A ValueError reports a value that its key cannot have.
type ValueError struct {
	Origin  Origin
	Key     string // with dots, such as model_providers.mock.name
	Problem string // what was expected and what was found
}

// Error names the place, the key and the problem.
func (e *ValueError) Error() string {
	if e.Origin.Name == e.Key {
		return fmt.Sprintf("%s: %s", e.Origin, e.Problem)
	}
	return fmt.Sprintf("%s: %s: %s", e.Origin, e.Key, e.Problem)
}
