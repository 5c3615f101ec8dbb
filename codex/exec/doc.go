// Package exec runs one command for the model and gives back what came of it.
//
//	result, err := exec.Run(ctx, exec.Command{
//		Argv:    []string{"sh", "-c", "make test"},
//		Dir:     "/home/me/project",
//		Env:     env,
//		Timeout: 30 * time.Second,
//	})
//
// What a caller can rely on:
//
//   - The command gets exactly the environment it is given, the null device as
//     stdin, and a process group of its own.
//   - Output is handed over as it arrives, in chunks of at most [ChunkSize]
//     bytes, and kept up to a limit: the start and the end stay, the middle is
//     counted.
//   - When the command ends, when its time is up or when the context is done,
//     everything it started is killed at once. A grandchild that holds a pipe
//     open does not delay the answer.
//   - An error means that the command did not run. Everything else, failing
//     commands, timeouts and interrupts included, is a [Result].
//
// # The helper
//
// On Linux a command runs below a helper, which is this program started again
// (see [Self]). It confines itself and the command as [Command.Sandbox] says,
// adopts what the command leaves behind, whatever session or group that is in,
// and ends all of it within two seconds when the command has ended, when it is
// told to, or when the server is gone, even if that was killed. A program with
// this package does the helper's work on its own when it is started as one.
//
// On macOS a command has a process group, on Windows a job.
//
// With full access a command can do what it likes, also kill its helper or
// become another user; what it then leaves behind stays.
//
// [Truncate] shortens output for the model.
package exec
