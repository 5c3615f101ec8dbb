// Package codex is the conversation engine: it takes what a user says, asks the
// model, runs the commands and patches the model wants, asks for approval where
// the policy demands it, and tells everybody who listens what happens.
//
// A [Manager] holds the conversations of a process. One goroutine owns each
// [Conversation]; what is said to it goes through that goroutine in order. A
// turn begins with the user's input and ends with exactly one terminal event,
// task_complete or turn_aborted, whatever happens on the way. Input that comes
// while a turn runs joins it and is put to the model before the turn may end.
//
// Every listener of a conversation gets every event, in order. Events are
// delivered by the goroutine that makes them, before anything after them
// happens: an approval is asked after its event went out, a [Turn] is done after
// its terminal event did. A listener that takes its time therefore slows its
// conversation down, and no other.
//
// The engine knows no transport. Facing outwards are small interfaces: the
// model ([model.Client]), whoever approves ([Approver]), whoever listens
// ([Listener]), and the tools of external servers ([ToolSet]).
package codex
