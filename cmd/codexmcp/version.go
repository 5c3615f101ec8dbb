package main

import "runtime/debug"

// release is the program's version; building from a tag fills it in.
var release = "0.36.0"

// version is what the program calls its version: that of the Codex protocol it
// speaks, unless it was built as a module at a version of its own.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" && len(info.Main.Version) < 12 {
		return info.Main.Version[1:]
	}
	return release
}
