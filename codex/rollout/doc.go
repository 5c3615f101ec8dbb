// Package rollout keeps conversations on disk: one file of JSON lines for
// each, which the original program reads and writes too.
//
//	recorder, err := rollout.Create(rollout.Options{Home: home, ConversationID: id, Cwd: cwd})
//	...
//	err = recorder.Items(item)  // what the model is told and says
//	err = recorder.Event(event) // what a client is told, if a resumed one should be
//
// What a caller can rely on:
//
//   - A line is handed to the system in one write as soon as it is recorded;
//     when the process dies, the line being written is all that can be lost.
//     The only lines that wait are those behind the first: it says what git
//     knows of the working directory, which may take seconds. The first event
//     ends that wait.
//   - What could not be written, the disk being full, is kept within limits and
//     tried again before anything else; no half a line stays in the middle of
//     a file. The failure is reported once, not for every line.
//   - A file has one [Recorder], in this process and, where the system has
//     locks, in all of ours: a second one gets [ErrInUse].
//   - Files come from anywhere: a line that makes no sense is skipped and
//     counted, a torn last line is mended, and a symbolic link or special file
//     is refused.
package rollout
