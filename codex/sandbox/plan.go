package sandbox

import (
	"fmt"
	"strings"
)

// Args writes the plan as arguments of the helper.
func (p Plan) Args() []string {
	args := []string{"--sandbox=" + string(p.Mode)}
	for _, path := range p.Writable {
		args = append(args, "--write="+path)
	}
	for _, path := range p.Protected {
		args = append(args, "--protect="+path)
	}
	for _, path := range p.Hidden {
		args = append(args, "--hide="+path)
	}
	if p.Home != "" {
		args = append(args, "--home="+p.Home)
	}
	for _, name := range p.Secrets {
		args = append(args, "--secret="+name)
	}
	if p.Network {
		args = append(args, "--network")
	}
	return args
}

// Set takes one argument that Args wrote, and reports whether it was one.
func (p *Plan) Set(arg string) (bool, error) {
	name, value, _ := strings.Cut(arg, "=")
	switch name {
	case "--sandbox":
		if p.Mode = Mode(value); p.Mode != ReadOnly && p.Mode != WorkspaceWrite {
			return true, fmt.Errorf("sandbox: unknown mode %q", value)
		}
	case "--write":
		p.Writable = append(p.Writable, value)
	case "--protect":
		p.Protected = append(p.Protected, value)
	case "--hide":
		p.Hidden = append(p.Hidden, value)
	case "--home":
		p.Home = value
	case "--secret":
		p.Secrets = append(p.Secrets, value)
	case "--network":
		p.Network = true
	default:
		return false, nil
	}
	return true, nil
}

// Namespaces are the kinds of namespaces that a command gets of its own.
type Namespaces struct {
	User, Mount, PID bool
}

// Arg writes the namespaces as one argument of the helper.
func (n Namespaces) Arg() string {
	var kinds []string
	for _, kind := range []struct {
		name string
		has  bool
	}{{"user", n.User}, {"mount", n.Mount}, {"pid", n.PID}} {
		if kind.has {
			kinds = append(kinds, kind.name)
		}
	}
	return "--namespaces=" + strings.Join(kinds, ",")
}

// Set takes what Arg wrote, and reports whether it was that.
func (n *Namespaces) Set(arg string) bool {
	kinds, ok := strings.CutPrefix(arg, "--namespaces=")
	for kind := range strings.SplitSeq(kinds, ",") {
		n.User = n.User || kind == "user"
		n.Mount = n.Mount || kind == "mount"
		n.PID = n.PID || kind == "pid"
	}
	return ok
}
