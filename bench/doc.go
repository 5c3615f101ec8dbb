// Package bench measures this project beside its peers. It is a module of its
// own, so that no peer is a dependency. Each measurement is a command; make
// bench runs them and prints their tables.
//
//   - codec: how long messages take to decode and encode;
//   - load: how long servers work for a call, over stdin and stdout and over HTTP. They
//     are processes of their own: echo is ours, those of peers are the same server on
//     SDKs, and the least that net/http can do;
//   - codex: codexmcp beside the program that it stands in for.
//
// Contenders take turns, so that a busy machine treats all of them alike. Codec and
// servers are measured in CPU time of the process; tables show the minimum of all
// rounds, the figure that noise can only make worse. The programs are measured
// as their clients meet them, in wall time and with what they take beside it.
package bench
