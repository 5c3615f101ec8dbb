// Package bench measures this project beside its peers. It is a module of its
// own, so that no peer is a dependency. Each measurement is a command; make
// bench runs them and prints their tables.
//
// Contenders take turns, so that a busy machine treats all of them alike. The
// codec is measured in CPU time of the process; tables show the minimum of all
// rounds, the figure that noise can only make worse. The programs are measured
// as their clients meet them, in wall time and with what they take beside it.
package bench
