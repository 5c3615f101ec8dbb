// Package prompt has the texts that tell a model how to work here. They are
// this project's own words, written for its own tools.
package prompt

import _ "embed"

// Base is the system prompt of a conversation.
//
//go:embed base.md
var Base string

// Short is the system prompt for models trained on this kind of work, which
// need less telling.
//
//go:embed short.md
var Short string

// Patch explains the apply_patch command to models that know it from nowhere
// else.
//
//go:embed patch.md
var Patch string

// Compact asks the model for a summary of the conversation so far.
//
//go:embed compact.md
var Compact string

// CompactRequest is the message after which that summary is expected.
const CompactRequest = "Write the hand-over summary now."

// Bridge opens a conversation that goes on from a summary. The two verbs take
// what the user had asked and the summary.
const Bridge = `This conversation continues an earlier one that had grown too long to be kept whole. What is left of it are the
messages of the user and a summary that the assistant wrote before it ended. Commands that ran and files that were
read are no longer here: where their exact words matter, look again. Do not repeat what the summary says is done, and
do not ask the user for what is written below.

What the user said, oldest first:

%s

Where the work stood, in the words of the assistant:

%s`

// NoRequests stands for what the user had asked when there is nothing.
const NoRequests = "(nothing)"

// PatchGrammar is the grammar of a patch for tools that take free text.
//
//go:embed patch.lark
var PatchGrammar string
