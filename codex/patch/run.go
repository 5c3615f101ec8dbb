package patch

import (
	"errors"
	"fmt"
	"io"
)

// Run is the program apply_patch: it applies the patch in its one argument, or the
// one it reads from in if there is no argument, to the files below dir. It writes
// the summary to out and what went wrong to errw, and returns the exit code: 0 done,
// 1 failed, 2 misused. The arguments are those after the program's name.
func Run(dir string, args []string, in io.Reader, out, errw io.Writer) int {
	text, err := input(args, in)
	if err != nil {
		return report(errw, err, 2)
	}
	p, err := Parse(text)
	if err != nil {
		return report(errw, err, 1)
	}
	outcome, err := Apply(p, dir)
	if err != nil {
		return report(errw, err, 1)
	}
	if _, err := io.WriteString(out, outcome.String()); err != nil {
		return report(errw, fmt.Errorf("write the summary: %w", err), 1)
	}
	return 0
}

func input(args []string, in io.Reader) (string, error) {
	switch len(args) {
	case 0:
		text, err := io.ReadAll(io.LimitReader(in, MaxPatchSize+1))
		if err != nil {
			return "", fmt.Errorf("read the patch: %w", err)
		}
		if len(text) == 0 {
			return "", errors.New("usage: apply_patch PATCH, or the patch on standard input")
		}
		return string(text), nil
	case 1:
		return args[0], nil
	default:
		return "", fmt.Errorf("apply_patch takes one argument, not %d", len(args))
	}
}

// report writes what went wrong. A writer that fails has nobody left to tell.
func report(errw io.Writer, err error, code int) int {
	_, _ = fmt.Fprintln(errw, err)
	return code
}
