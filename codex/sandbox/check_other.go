//go:build !linux

package sandbox

import (
	"os"
	"runtime"
)

// Check finds out what this machine supports.
func Check(string) Support {
	if runtime.GOOS == "darwin" {
		if _, err := os.Stat(seatbeltProgram); err == nil {
			return Support{Kind: "seatbelt"}
		}
	}
	return Support{Kind: "none", Err: ErrUnsupported}
}
