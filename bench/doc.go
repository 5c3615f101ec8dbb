// Package bench measures this project beside its peers. It is a module of its
// own, so that no peer is a dependency. Each measurement is a command; make
// bench runs them and prints their tables.
//
// What is measured is CPU time of the process, not wall time, and contenders
// take turns, so that a busy machine treats all of them alike. Tables show the
// minimum of all rounds, the figure that noise can only make worse.
package bench
