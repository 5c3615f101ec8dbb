package gitinfo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a diff.
const (
	// MaxDiff is how large a diff may be.
	MaxDiff = 32 << 20

	// maxUntracked is how many files git may not know.
	maxUntracked = 10_000

	// maxTime is how long it may take to make one.
	maxTime = time.Minute

	// maxBranches is how many branches are compared.
	maxBranches = 200
)

// A Diff is how a work tree differs from what has been pushed.
type Diff struct {
	// SHA is the pushed commit that the work tree is closest to.
	SHA string

	// Text is the difference to it, as git writes one, with all files that are
	// new and not ignored. Anything that is not UTF-8 is replaced.
	Text string
}

// DiffToRemote returns the difference between the work tree at dir and the
// commit, among those that the remotes' branches are known to have, from which
// HEAD is the fewest commits ahead.
func DiffToRemote(ctx context.Context, dir string) (Diff, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	diff, err := diffToRemote(ctx, dir)
	if err != nil {
		return Diff{}, fmt.Errorf("comparing %q with its remote: %w", dir, err)
	}
	return diff, nil
}

func diffToRemote(ctx context.Context, dir string) (Diff, error) {
	if !inRepository(dir) {
		return Diff{}, errors.New("not in a git repository")
	}
	r, err := newRepo(dir).withoutFilters(ctx)
	if err != nil {
		return Diff{}, err
	}
	if r.dir, err = r.line(ctx, "rev-parse", "--show-toplevel"); err != nil {
		return Diff{}, err
	}
	remotes, err := r.remotes(ctx)
	if err != nil {
		return Diff{}, err
	}
	branches, err := r.branches(ctx, remotes)
	if err != nil {
		return Diff{}, err
	}
	sha, err := r.closest(ctx, remotes, branches)
	if err != nil {
		return Diff{}, err
	}
	text, err := r.diff(ctx, sha)
	return Diff{sha, text}, err
}

// inRepository reports whether dir or a folder above it has a .git.
func inRepository(dir string) bool {
	if dir == "" {
		return false
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		above := filepath.Dir(dir)
		if above == dir {
			return false
		}
		dir = above
	}
}

// remotes returns the names of the remotes, origin before all others.
func (r repo) remotes(ctx context.Context) ([]string, error) {
	out, err := r.line(ctx, "remote")
	if err != nil {
		return nil, err
	}
	remotes := strings.Fields(out)
	if len(remotes) == 0 {
		return nil, errors.New("there is no remote")
	}
	if i := slices.Index(remotes, "origin"); i > 0 {
		remotes = slices.Insert(slices.Delete(remotes, i, i+1), 0, "origin")
	}
	return remotes, nil
}

// branches returns the names of branches that may have been pushed, the most
// likely first.
func (r repo) branches(ctx context.Context, remotes []string) ([]string, error) {
	var branches []string
	add := func(name string) {
		if name != "" && !slices.Contains(branches, name) && len(branches) < maxBranches {
			branches = append(branches, name)
		}
	}
	current, err := r.line(ctx, "rev-parse", "--abbrev-ref", "HEAD")
	if err != nil {
		return nil, err
	}
	if current != "HEAD" { // not detached
		add(current)
	}
	fallback, err := r.defaultBranch(ctx, remotes)
	if err != nil {
		return nil, err
	}
	add(fallback)
	for _, remote := range remotes {
		prefix := "refs/remotes/" + remote + "/"
		out, err := r.line(ctx, "for-each-ref", "--format=%(refname)", "--contains=HEAD", prefix)
		if err != nil {
			return nil, err
		}
		for name := range strings.Lines(out) {
			if name = strings.TrimPrefix(strings.TrimSpace(name), prefix); name != "HEAD" {
				add(name)
			}
		}
	}
	return branches, nil
}

// defaultBranch returns the branch that a clone would check out: what git
// remembers of a remote, else what the remote says, else a usual name.
func (r repo) defaultBranch(ctx context.Context, remotes []string) (string, error) {
	for _, remote := range remotes {
		prefix := "refs/remotes/" + remote + "/"
		if head, err := r.line(ctx, "symbolic-ref", "--quiet", prefix+"HEAD"); err == nil {
			if branch, ok := strings.CutPrefix(head, prefix); ok {
				return branch, nil
			}
		}
		if branch := r.askDefault(ctx, remote); branch != "" {
			return branch, nil
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
	}
	for _, branch := range [...]string{"main", "master"} {
		if _, err := r.line(ctx, "rev-parse", "--verify", "--quiet", "refs/heads/"+branch); err == nil {
			return branch, nil
		}
	}
	return "", nil
}

// askDefault asks the remote itself, which may take the time limit.
func (r repo) askDefault(ctx context.Context, remote string) string {
	out, err := r.line(ctx, "ls-remote", "--symref", "--upload-pack=git-upload-pack", "--", remote, "HEAD")
	if err != nil {
		return ""
	}
	// ref: refs/heads/main	HEAD
	for line := range strings.Lines(out) {
		target, ok := strings.CutPrefix(line, "ref: refs/heads/")
		if branch, _, found := strings.Cut(target, "\t"); ok && found {
			return branch
		}
	}
	return ""
}

// closest returns the commit of the branch on a remote that HEAD is the fewest
// commits ahead of, the first of several.
func (r repo) closest(ctx context.Context, remotes, branches []string) (string, error) {
	best, fewest := "", -1
	for _, branch := range branches {
		sha := ""
		for _, remote := range remotes {
			ref := "refs/remotes/" + remote + "/" + branch
			if out, err := r.line(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}"); err == nil {
				sha = out
				break
			}
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if sha == "" {
			continue
		}
		out, err := r.line(ctx, "rev-list", "--count", sha+"..HEAD")
		if err != nil {
			continue // no history in common that git could count
		}
		if ahead, err := strconv.Atoi(out); err == nil && (fewest < 0 || ahead < fewest) {
			best, fewest = sha, ahead
		}
		if fewest == 0 {
			break
		}
	}
	if best == "" {
		return "", errors.New("no branch is on a remote")
	}
	return best, nil
}

// diff returns the difference of the work tree to sha, new files included.
func (r repo) diff(ctx context.Context, sha string) (string, error) {
	tracked, err := r.run(ctx, MaxDiff, []int{1}, "diff", "--no-textconv", "--no-ext-diff", "--no-color", sha)
	if err != nil {
		return "", err
	}
	names, err := r.run(ctx, MaxDiff, nil, "ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return "", err
	}
	files := slices.DeleteFunc(strings.Split(string(names), "\x00"), func(name string) bool {
		return name == "" || strings.HasSuffix(name, "/") // a repository of its own
	})
	if len(files) > maxUntracked {
		return "", fmt.Errorf("%d new files are too many", len(files))
	}
	added, err := r.diffNew(ctx, files, MaxDiff-len(tracked))
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(bytes.Join(append([][]byte{tracked}, added...), nil)), "\uFFFD"), nil
}

// diffNew returns the diffs of files that git does not know, which it makes a
// few at a time, if they are no larger than limit together.
func (r repo) diffNew(ctx context.Context, files []string, limit int) ([][]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	added := make([][]byte, len(files))
	var next, size atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				text, err := r.run(ctx, MaxDiff, []int{1}, "diff", "--no-textconv", "--no-ext-diff", "--no-color",
					"--binary", "--no-index", "--", os.DevNull, files[i])
				if err == nil && size.Add(int64(len(text))) > int64(limit) {
					err = fmt.Errorf("a diff of more than %d bytes is too large", MaxDiff)
				}
				if err != nil {
					cancel(err)
					return
				}
				added[i] = text
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return added, nil
}
