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
//     read-only mounts over protected paths, masks over hidden ones and a
//     picture without secrets over the home folder, since Landlock cannot take
//     away inside of what it has granted.
//   - Capabilities of a privileged user are dropped but for those that files
//     and users need.
//
// Modes, owners, times and extended attributes of files are something Landlock
// does not know. The helper changes them on behalf of the command, which it
// learns of through seccomp, if they are those of a file in a writable folder.
//
// A Unix socket leads to services that would act outside of the sandbox, so
// none can be connected, network or not; a pair of sockets works.
//
// Nothing is ever left out silently. A kernel without Landlock is
// [ErrUnsupported]. Paths that could not be protected are an
// [*UnprotectedError], unless the policy accepts that. [Check] says what the
// machine supports.
//
// # Limits
//
// Everything can be read but what is hidden. Without namespaces Landlock hides
// what lies outside of writable folders, by granting all else. A workspace without .git can be
// given one. Where namespaces are not allowed, other processes can be seen, and
// with Landlock before version 6 signalled; before version 3, files outside can
// be emptied. Programs of another architecture do not run.
package sandbox
