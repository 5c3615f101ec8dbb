package gitinfo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/codex/exec"
)

const (
	// timeout is how long one git command may run.
	timeout = 5 * time.Second

	// maxText is how much a command may print whose output is names and sums.
	maxText = 1 << 20
)

// A repo is a folder that git is asked about.
type repo struct {
	dir      string
	env      []string
	settings []string // options for every command
}

func newRepo(dir string) repo { return repo{dir, environ(os.Environ()), slices.Clip(settings)} }

// with returns r with one more setting, as key=value.
func (r repo) with(setting string) repo {
	r.settings = append(slices.Clip(r.settings), "-c", setting)
	return r
}

// An exitError is a git command that ran and was not content.
type exitError struct {
	code    int
	message string
}

func (e *exitError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.message
}

// line returns what git prints, without the line end.
func (r repo) line(ctx context.Context, args ...string) (string, error) {
	out, err := r.run(ctx, maxText, nil, args...)
	return strings.TrimSuffix(strings.TrimSuffix(string(out), "\n"), "\r"), err
}

// run returns what git prints. Exit codes among ok are fine, like 0.
func (r repo) run(ctx context.Context, limit int, ok []int, args ...string) ([]byte, error) {
	argv := slices.Concat([]string{"git"}, r.settings, args)
	result, err := exec.Run(ctx, exec.Command{Argv: argv, Dir: r.dir, Env: r.env, Timeout: timeout, MaxOutput: limit})
	if err == nil {
		err = failure(ctx, result, ok)
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return result.Stdout.Bytes(), nil
}

func failure(ctx context.Context, result exec.Result, ok []int) error {
	switch {
	case result.Interrupted:
		return context.Cause(ctx)
	case result.TimedOut:
		return fmt.Errorf("no answer within %v", timeout)
	case result.ExitCode != 0 && !slices.Contains(ok, result.ExitCode):
		message, _, _ := strings.Cut(strings.TrimSpace(result.Stderr.String()), "\n")
		return &exitError{result.ExitCode, message}
	case result.Stdout.Omitted() > 0:
		return errors.New("too much output")
	}
	return nil
}

// settings keep a repository from choosing programs for git to run, and the
// user's taste out of diffs.
var settings = []string{
	"--no-pager",
	"-c", "core.fsmonitor=false",
	"-c", "core.hooksPath=" + os.DevNull,
	"-c", "credential.helper=",
	"-c", "protocol.ext.allow=never",
	"-c", "diff.noprefix=false",
	"-c", "diff.mnemonicPrefix=false",
	"-c", "diff.relative=false",
}

// withoutFilters returns r so that git runs none of the filters that the
// repository's own configuration defines: a command in a sandbox may have
// written it. Those of the user stay.
func (r repo) withoutFilters(ctx context.Context) (repo, error) {
	out, err := r.run(ctx, maxText, nil, "config", "--list", "--show-scope", "--name-only", "-z")
	if err != nil {
		return r, err
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for scope, key := range pairs(fields) {
		if scope != "local" && scope != "worktree" || !strings.HasPrefix(key, "filter.") {
			continue
		}
		if strings.Contains(key, "=") {
			return r, fmt.Errorf("the name of the filter %q cannot be overruled", key)
		}
		switch key[strings.LastIndexByte(key, '.'):] {
		case ".clean", ".smudge", ".process":
			r = r.with(key + "=")
		case ".required":
			r = r.with(key + "=false")
		}
	}
	return r, nil
}

// pairs yields each two fields that follow each other.
func pairs(fields []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for pair := range slices.Chunk(fields, 2) {
			if len(pair) == 2 && !yield(pair[0], pair[1]) {
				return
			}
		}
	}
}

// environ returns what git needs of env, which leaves secrets out and what would
// point git at another repository, and adds what keeps git from asking anybody
// anything.
func environ(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		name = strings.ToUpper(name)
		return !slices.Contains(kept, name) &&
			!slices.ContainsFunc(keptPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
	return append(env,
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=",
		"SSH_ASKPASS=",
		"GCM_INTERACTIVE=never",
		"GIT_SSH_COMMAND=ssh -oBatchMode=yes",
		"GIT_ALLOW_PROTOCOL=file:https:http:ssh",
		"LC_ALL=C",
	)
}

// Names of the variables that git is given, in capitals.
var (
	kept = []string{
		"PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "WINDIR", "PROGRAMDATA", "PROGRAMFILES",
		"HOME", "HOMEDRIVE", "HOMEPATH", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "USER", "USERNAME", "LOGNAME",
		"TMPDIR", "TMP", "TEMP", "LANG", "TZ", "SSH_AUTH_SOCK",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
		"GIT_EXEC_PATH", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT",
	}
	keptPrefixes = []string{"XDG_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_SSL_", "LD_LIBRARY_", "DYLD_"}
)
