//go:build unix

package exec

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// defaultPath is where programs are looked for when the environment has no PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// lookPath finds program as execvp would in dir with env. A name with a slash
// is left to the kernel, which also knows whether it can be run.
func lookPath(program, dir string, env []string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	path := defaultPath
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok {
			path = value
		}
	}
	missing := error(syscall.ENOENT)
	for _, folder := range filepath.SplitList(path) {
		candidate := filepath.Join(folder, program)
		at := candidate
		if !filepath.IsAbs(candidate) {
			candidate = "./" + candidate // relative to the command's folder, not looked for again
			at = filepath.Join(dir, candidate)
		}
		info, err := os.Stat(at)
		if err != nil || info.IsDir() {
			continue
		}
		if info.Mode()&0o111 == 0 {
			missing = syscall.EACCES
			continue
		}
		return candidate, nil
	}
	return "", missing
}
