package rollout_test

import "testing"

// Links need a privilege here, and named pipes are no files.
func symlink(*testing.T, string, string) {}
func pipe(*testing.T, string)            {}
