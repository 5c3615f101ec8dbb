// Package transcript has the lines of the transcripts that package tap writes and
// reads. They are generated from this project's own schema.
package transcript
