// Package interop holds tests of this project against software that others
// wrote. It is a module of its own, so that none of it is a dependency.
package interop
