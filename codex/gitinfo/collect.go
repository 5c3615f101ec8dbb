package gitinfo

import (
	"context"
	"strings"
	"sync"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// Collect returns the commit and branch that are checked out in dir and the
// address of its remote origin, each as far as there is one, and nil when dir
// is not in a repository. It takes ten seconds at most.
func Collect(ctx context.Context, dir string) *mcpprotocol.GitInfo {
	r := newRepo(dir)
	if _, err := r.line(ctx, "rev-parse", "--git-dir"); err != nil {
		return nil
	}
	info := &mcpprotocol.GitInfo{}
	var group sync.WaitGroup
	ask := func(into *string, args ...string) {
		group.Go(func() {
			if answer, err := r.line(ctx, args...); err == nil {
				*into = strings.ToValidUTF8(answer, "\uFFFD")
			}
		})
	}
	ask(&info.CommitHash, "rev-parse", "--verify", "HEAD")
	ask(&info.Branch, "rev-parse", "--abbrev-ref", "HEAD")
	ask(&info.RepositoryURL, "remote", "get-url", "origin")
	group.Wait()
	if info.Branch == "HEAD" { // detached
		info.Branch = ""
	}
	return info
}
