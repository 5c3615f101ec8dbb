//go:build race

package exec

// raceBuild says that programs of this build, the helper too, start and end slowly.
const raceBuild = true
