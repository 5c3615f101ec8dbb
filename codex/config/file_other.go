//go:build !unix

package config

import "os"

// syncDir does nothing: folders cannot be synchronized here.
func syncDir(string) error { return nil }

// inode returns 0: files have no number here.
func inode(os.FileInfo) uint64 { return 0 }
