// Package sandbox confines a command to what a policy allows.
//
// A [Policy] says what is wanted: which folders may be written, whether the
// network may be used, what is protected even inside those folders. Resolving
// it against the file system gives a [Plan], which is what the helper process
// (package codex/exec) applies right before the command starts:
//
//   - Landlock limits writing to the plan's folders; reading is allowed.
//   - seccomp refuses the network unless it is on, and, always, calls that
//     would lead out: ptrace, io_uring, mounts, new namespaces, kernel keys,
//     bpf and their like.
//   - Namespaces, where the machine allows them, hide other processes and put
//     read-only mounts over protected paths and masks over hidden ones, since
//     Landlock cannot take away inside of what it has granted.
//   - Capabilities of a privileged user are dropped but for those that files
//     and users need.
//
// Nothing is ever left out silently. A kernel without Landlock is
// [ErrUnsupported]. Paths that could not be protected are an
// [*UnprotectedError], unless the policy accepts that. [Check] says what the
// machine supports.
package sandbox
